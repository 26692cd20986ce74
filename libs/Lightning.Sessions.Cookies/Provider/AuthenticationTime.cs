using System.Globalization;
using System.Security.Claims;

namespace Lightning.Sessions.Cookies.Provider;

/// <summary>
/// When the user last authenticated, as a claim of the ticket. It belongs to the cookie: a later sign-in with another
/// cookie does not make this one recent (ASVS 5.0, 7.2.4).
/// </summary>
static class AuthenticationTime
{
    public const string ClaimType = "auth_time";

    /// <summary>After the year 2999 the value is not a Unix time in seconds.</summary>
    const long MaxSeconds = 32_503_680_000;

    /// <summary>The claim's value (UTC); null if there is none or it is malformed.</summary>
    public static DateTimeOffset? Read(ClaimsPrincipal user, string claim = ClaimType) =>
        long.TryParse(user.FindFirst(claim)?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && seconds < MaxSeconds
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;

    public static Claim Create(DateTimeOffset time) =>
        new(ClaimType, time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64);
}
