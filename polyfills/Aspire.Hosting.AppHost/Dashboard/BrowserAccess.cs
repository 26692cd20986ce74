using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting.Dashboard;

/// <summary>
/// Who may look: whoever opened the link that the AppHost printed, which works once and leaves a cookie. When it has been used another is printed,
/// so that a link in a browser's history opens nothing. A token that configuration gives (<c>AppHost:BrowserToken</c>) is kept, as in the real package.
/// </summary>
sealed class BrowserAccess(string address, string? fixedToken, Action<string> print)
{
    const int MostBrowsers = 100;
    readonly string _cookie = $"aspire-dashboard-{new Uri(address).Port}";
    readonly ConcurrentDictionary<string, byte> _browsers = new(StringComparer.Ordinal);
    readonly Lock _lock = new();
    string _token = fixedToken ?? NewSecret();

    public string Link => $"{address}/login?t={_token}";

    public bool IsKnown(HttpRequest request) =>
        request.Cookies[_cookie] is { Length: > 0 } cookie && _browsers.ContainsKey(Hash(cookie));

    /// <summary>Lets a browser in that brings the token.</summary>
    public bool LetIn(HttpContext context)
    {
        var brought = context.Request.Query["t"].ToString();
        lock (_lock)
        {
            if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(brought)), SHA256.HashData(Encoding.UTF8.GetBytes(_token)))) return false;
            if (_browsers.Count >= MostBrowsers) _browsers.Clear();
            if (fixedToken is null)
            {
                _token = NewSecret();
                print($"The dashboard has been opened. For another browser: {Link}");
            }
        }

        var cookie = NewSecret();
        _browsers[Hash(cookie)] = 0;
        context.Response.Cookies.Append(_cookie, cookie, new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true });
        return true;
    }

    static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    static string Hash(string cookie) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(cookie)));
}
