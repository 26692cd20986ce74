namespace Lightning.EndToEnd;

/// <summary>The test run must log no warnings or errors except the expected ones.</summary>
[Collection(SerialCollection.Name)]
public sealed class QuietLogsTests(RunningApp app)
{
    /// <summary>
    /// The expected warnings: the service, and the prefixes of the category and the message.
    /// </summary>
    static readonly (string Service, string Category, string Text)[] Expected =
    [
        // Requests in the documentation that show how they are rejected.
        ("bff", "Lightning.Sessions.RelyingParty", "A request to /api/v1/notes was refused as cross-site"),
        ("bff", "Lightning.Sessions.Cookies.BackChannel.BackChannelLogout", "A logout token was refused"),
        // Pages for errors: an unknown path of the BFF, and a sign-in that is tampered with.
        ("bff", "Lightning.Sessions.RelyingParty", "A request to /bff/unknown was refused as cross-site"),
        (
            "bff",
            "Lightning.Sessions.Cookies.RelyingParties.ProviderEvents",
            "A sign-in failed: The authorization response is from another issuer."
        ),
        // A sign-in that the provider rejects.
        ("bff", "Lightning.Sessions.Cookies.RelyingParties.ProviderEvents", "A sign-in was refused: access_denied"),
        // Security events: token reuse, wrong passwords, impersonation and administrative actions.
        ("identity", "Lightning.Identity.Audit", "A used refresh token"),
        ("identity", "Lightning.Identity.Audit", "A sign-in with pwd failed"),
        ("identity", "Lightning.Identity.Audit", "Administrator "),
        ("identity", "Lightning.Identity.Impersonation", "User "),
        ("admin", "Lightning.Admin.Impersonation", "Administrator "),
        ("admin", "Lightning.Admin.Accounts", "Administrator "),
        ("admin", "Lightning.Admin.Accounts", "account-"),
    ];

    /// <summary>Serial collections run last, so the tests that use the app have ended.</summary>
    [Fact]
    public async Task Services_log_no_unexpected_warning()
    {
        await app.StopAsync();

        Unexpected(app.Traces.Warnings).ShouldBeEmpty();
    }

    /// <summary>The unexpected warnings, without duplicates, with their count.</summary>
    static IReadOnlyList<string> Unexpected(IEnumerable<LoggedWarning> warnings) =>
        [
            .. warnings
                .Where(warning => !IsCanceledProbe(warning))
                .Where(warning => !Array.Exists(Expected, known => IsKnown(warning, known)))
                .GroupBy(warning => $"{warning.Service} {warning.Level} {warning.Category}: {warning.Text}")
                .Select(group => $"{group.Count()} × {group.Key}"),
        ];

    /// <summary>A health check that is cancelled when the app stops.</summary>
    static bool IsCanceledProbe(LoggedWarning warning) =>
        warning.Category.StartsWith("Microsoft.Extensions.Diagnostics.HealthChecks", StringComparison.Ordinal)
        && warning.Text.Contains("OperationCanceledException", StringComparison.Ordinal);

    static bool IsKnown(LoggedWarning warning, (string Service, string Category, string Text) known) =>
        warning.Service == known.Service
        && warning.Category.StartsWith(known.Category, StringComparison.Ordinal)
        && warning.Text.StartsWith(known.Text, StringComparison.Ordinal);
}
