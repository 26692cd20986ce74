using System.Text.RegularExpressions;

namespace Lightning.Identity.Web;

/// <summary>Where a person was heading when they had to sign in: an authorization request that waits here, or a page of their account, and nothing else.</summary>
static partial class ReturnUrl
{
    /// <summary>The address if it may be followed, or null: one that leads elsewhere would make this service an open redirector (RFC 9700, 4.11).</summary>
    public static string? Accept(string? url) =>
        url is { Length: <= 2048 } && (Parked().IsMatch(url) || IsAccountPage(url)) ? url : null;

    /// <summary>Whether it leads to a page of one's account.</summary>
    public static bool IsAccountPage(string? url) => url is not null && AccountPage().IsMatch(url);

    // To the letter as ParkAsync writes it: it stands in mails that anybody can have sent to anybody, and is no place for words of their own.
    [GeneratedRegex(@"^/connect/authorize\?client_id=[\w.%~-]{1,300}&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A[A-Za-z0-9_-]{43}(\.00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?\z", RegexOptions.ECMAScript, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parked();

    [GeneratedRegex(@"^/account(/(change-password|address|authenticator|passkeys|logins|upstream|devices|data|address/confirm\?token=[A-Za-z0-9_-]{43}))?\z", RegexOptions.ECMAScript, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AccountPage();
}
