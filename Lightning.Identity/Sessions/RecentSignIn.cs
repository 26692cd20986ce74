using Lightning.Identity.Web;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Sessions;

/// <summary>
/// Changing credentials requires an authentication that is at most ten minutes old (ASVS 5.0, 7.5.1).
/// </summary>
static class RecentSignIn
{
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);

    public static bool IsRecent(ProviderSession? session, TimeProvider clock) =>
        session is not null && IsRecent(session.AuthTime, clock);

    /// <summary>Whether an authentication at this time is recent enough.</summary>
    public static bool IsRecent(DateTimeOffset provedAt, TimeProvider clock) => clock.GetUtcNow() - provedAt <= MaxAge;

    /// <summary>The sign-in page, which then redirects to <paramref name="returnUrl"/>.</summary>
    public static string SignInUrl(string returnUrl) =>
        QueryHelpers.AddQueryString(Paths.SignIn, "returnUrl", returnUrl);
}
