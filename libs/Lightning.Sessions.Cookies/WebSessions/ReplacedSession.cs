using System.Buffers.Text;
using Lightning.Sessions.Feed;
using Microsoft.AspNetCore.Authentication;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// The session that the browser had when a sign-in started, in the encrypted state: the callback may arrive without the
/// Strict cookie.
/// </summary>
static class ReplacedSession
{
    const string Item = "replaces";

    public static void Store(AuthenticationProperties properties, CookieHash hash) =>
        properties.Items[Item] = Base64Url.EncodeToString(hash.ToArray());

    /// <summary>Removes the cookie hash of the session; null if there was none.</summary>
    public static byte[]? Take(AuthenticationProperties properties) =>
        properties.Items.Remove(Item, out var hash) && hash is not null ? Base64Url.DecodeFromChars(hash) : null;
}
