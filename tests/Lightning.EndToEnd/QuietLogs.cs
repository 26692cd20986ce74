namespace Lightning.EndToEnd;

/// <summary>A whole run leaves no line at Warning or above but those that a test provokes.</summary>
static class QuietLogs
{
    /// <summary>
    /// What tests provoke: the service, the beginning of the logger's category, and the beginning of the text.
    /// </summary>
    static readonly (string Service, string Category, string Text)[] Provoked =
    [
        // Requests that the documentation's pages send to show how they are refused.
        ("bff", "Lightning.Sessions.RelyingParties.RelyingParty", "A request to /api/v1/notes was refused as forged"),
        ("bff", "Lightning.Sessions.BackChannel.BackChannelLogout", "A logout token was refused"),
        // A sign-in that the provider refuses.
        ("bff", "Lightning.Sessions.RelyingParties.ProviderEvents", "A sign-in was refused: access_denied"),
        // What security asks to be told of: reuse, wrong passwords, impersonation,
        // and what administrators do to accounts.
        ("identity", "Lightning.Identity.Audit", "A spent refresh token"),
        ("identity", "Lightning.Identity.Audit", "A sign-in by pwd failed"),
        ("identity", "Lightning.Identity.Audit", "Administrator "),
        ("identity", "Lightning.Identity.Acting", "User "),
        ("admin", "Lightning.Admin.Acting", "Administrator "),
        ("admin", "Lightning.Admin.Accounts", "Administrator "),
        ("admin", "Lightning.Admin.Accounts", "account-"),
    ];

    /// <summary>The lines that nobody provoked, each once, with how often it came.</summary>
    public static IReadOnlyList<string> Unprovoked(IEnumerable<LoggedWarning> warnings) =>
    [
        .. warnings.Where(warning => !IsCanceledProbe(warning))
            .Where(warning => !Array.Exists(Provoked, known => IsKnown(warning, known)))
            .GroupBy(warning => $"{warning.Service} {warning.Level} {warning.Category}: {warning.Text}")
            .Select(group => $"{group.Count()} × {group.Key}"),
    ];

    /// <summary>A probe of the orchestrator that gives up, as all do when everything stops.</summary>
    static bool IsCanceledProbe(LoggedWarning warning) =>
        warning.Category.StartsWith("Microsoft.Extensions.Diagnostics.HealthChecks", StringComparison.Ordinal)
        && warning.Text.Contains("OperationCanceledException", StringComparison.Ordinal);

    static bool IsKnown(LoggedWarning warning, (string Service, string Category, string Text) known) =>
        warning.Service == known.Service
        && warning.Category.StartsWith(known.Category, StringComparison.Ordinal)
        && warning.Text.StartsWith(known.Text, StringComparison.Ordinal);
}
