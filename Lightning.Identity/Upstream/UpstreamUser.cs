using System.Globalization;
using System.Security.Claims;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Providers;

namespace Lightning.Identity.Upstream;

/// <summary>A user of an upstream provider, identified by issuer and subject only (ASVS 5.0, 10.5.2).</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Subject">The user's <c>sub</c> at the provider.</param>
/// <param name="Email">The email address; null if the provider gave no valid one.</param>
/// <param name="EmailVerified">Whether the address is verified by a provider that is trusted to verify it.</param>
/// <param name="Name">The display name; may be empty.</param>
/// <param name="AuthTime">When the user last authenticated there; null if unknown.</param>
sealed record UpstreamUser(
    UpstreamProvider Provider,
    string Subject,
    string? Email,
    bool EmailVerified,
    string Name,
    DateTimeOffset? AuthTime
)
{
    /// <summary>The longest issuer and subject that the table of logins stores, in characters.</summary>
    public const int MaxKeyLength = 128;

    public string Issuer => Provider.Authority;

    /// <summary>What the user recognizes the account by.</summary>
    public string Label => Email ?? (Name.Length > 0 ? Name : Provider.Title);

    /// <summary>Reads the claims of a validated ID token; null if the subject is missing or too long.</summary>
    public static UpstreamUser? Read(UpstreamProvider provider, IEnumerable<Claim> claims)
    {
        var first = claims
            .GroupBy(claim => claim.Type, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => same.First(), StringComparer.Ordinal);
        if (first.GetValueOrDefault("sub")?.Value is not { Length: > 0 and <= MaxKeyLength } subject)
            return null;
        // A provider sends an address without a name.
        var email =
            first.GetValueOrDefault("email")?.Value is { } text
            && !text.Contains('<', StringComparison.Ordinal)
            && EmailAddress.TryParse(text, out var address, out _)
                ? address
                : null;
        var verified =
            email is not null
            && provider.TrustsVerifiedEmail
            && EmailVerifiedClaim.IsTrue(
                first.GetValueOrDefault(EmailVerifiedClaim.Name),
                provider.Options.AcceptEmailVerifiedAsString
            );
        return new UpstreamUser(
            provider,
            subject,
            email,
            verified,
            PersonName.Clean(first.GetValueOrDefault("name")?.Value),
            Time(first.GetValueOrDefault("auth_time")?.Value)
        );
    }

    static DateTimeOffset? Time(string? seconds) =>
        long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        && value is > 0 and < 253402300800
            ? DateTimeOffset.FromUnixTimeSeconds(value)
            : null;
}
