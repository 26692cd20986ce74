using Lightning.Identity.Web;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Sessions;

/// <summary>What touches how one signs in wants a proof of who one is that is at most ten minutes old (ASVS 5.0, 7.5.1).</summary>
static class RecentSignIn
{
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public static bool Holds(LiveSession? session, TimeProvider clock) => session is not null && IsRecent(session.AuthTime, clock);

    /// <summary>Whether somebody proved who they are recently enough, session or not.</summary>
    public static bool IsRecent(DateTimeOffset provedAt, TimeProvider clock) => clock.GetUtcNow() - provedAt <= Longest;

    /// <summary>Where to sign in anew, and then go on.</summary>
    public static string Page(string goOn) => QueryHelpers.AddQueryString(Paths.SignIn, "returnUrl", goOn);
}
