using System.Globalization;
using System.Net.Mail;
using System.Security.Claims;
using Lightning.Data.Users;

namespace Lightning.Identity.Upstream;

/// <summary>Somebody whom an upstream provider vouches for. Issuer and subject say who they are, and nothing else does (ASVS 5.0, 10.5.2).</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Subject">Its name for the person.</param>
/// <param name="Email">The address, if it gave one that is one.</param>
/// <param name="EmailVerified">Whether the address is proved, so far as the provider is trusted to say so.</param>
/// <param name="Name">What the person is called; may be empty.</param>
/// <param name="AuthTime">When they last proved who they are there, if it says so.</param>
sealed record UpstreamPerson(UpstreamProvider Provider, string Subject, string? Email, bool EmailVerified, string Name, DateTimeOffset? AuthTime)
{
    /// <summary>The longest issuer and subject, in characters: what the table of logins takes.</summary>
    public const int LongestKey = 128;

    public string Issuer => Provider.Authority;

    /// <summary>What the person may recognise their account there by.</summary>
    public string Label => Email ?? (Name.Length > 0 ? Name : Provider.Title);

    /// <summary>Reads the claims of an ID token that has been checked; null where it names nobody, or by a name too long to keep.</summary>
    public static UpstreamPerson? Read(UpstreamProvider provider, IEnumerable<Claim> claims)
    {
        var first = claims.GroupBy(claim => claim.Type, StringComparer.Ordinal).ToDictionary(same => same.Key, same => same.First().Value, StringComparer.Ordinal);
        if (first.GetValueOrDefault("sub") is not { Length: > 0 and <= LongestKey } subject) return null;
        var email = first.GetValueOrDefault("email") is { Length: <= 256 } text && IsAddress(text) ? text : null;
        // OpenID Connect Core 1.0, 5.1: a boolean; some providers write it as a string.
        var verified = email is not null && provider.TrustsVerifiedEmail && string.Equals(first.GetValueOrDefault("email_verified"), "true", StringComparison.OrdinalIgnoreCase);
        return new UpstreamPerson(provider, subject, email, verified, Clean(first.GetValueOrDefault("name") ?? ""), Time(first.GetValueOrDefault("auth_time")));
    }

    static bool IsAddress(string text) =>
        text.All(letter => letter > ' ' && !char.IsControl(letter)) && MailAddress.TryCreate(text, out var address) && address.Address == text;

    static string Clean(string name)
    {
        var line = string.Concat(name.Where(letter => !char.IsControl(letter))).Trim();
        return line.Length <= User.NameLength ? line : line[..User.NameLength];
    }

    static DateTimeOffset? Time(string? seconds) =>
        long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is > 0 and < 253402300800 ? DateTimeOffset.FromUnixTimeSeconds(value) : null;
}
