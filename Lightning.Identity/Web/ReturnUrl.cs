using System.Text.RegularExpressions;

namespace Lightning.Identity.Web;

/// <summary>Where to continue after signing in: a suspended authorization request or an account page.</summary>
static partial class ReturnUrl
{
    /// <summary>
    /// Returns the URL if it is allowed, otherwise null, so that this service is not an open redirector (RFC 9700,
    /// 4.11).
    /// </summary>
    public static string? Accept(string? url) =>
        url is { Length: <= 2048 } && (AuthorizationRequest().IsMatch(url) || IsAccountPage(url)) ? url : null;

    /// <summary>Whether it is a page of the signed-in account.</summary>
    public static bool IsAccountPage(string? url) => url is not null && AccountPage().IsMatch(url);

    // Exactly what PendingRequests.SuspendAsync writes. Anyone can have this URL mailed to anyone, so it holds no free
    // text.
    [GeneratedRegex(
        @"^/connect/authorize\?client_id=[\w.%~-]{1,300}"
            + @"&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A[A-Za-z0-9_-]{43}"
            + @"(\.00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?\z",
        RegexOptions.ECMAScript,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex AuthorizationRequest();

    [GeneratedRegex(
        @"^/account(/(name|change-password|address|authenticator|passkeys|logins|upstream|devices|data"
            + @"|address/confirm\?token=[A-Za-z0-9_-]{43}))?\z",
        RegexOptions.ECMAScript,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex AccountPage();
}
