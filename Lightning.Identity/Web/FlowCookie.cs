using Lightning.Identity.Tokens;

namespace Lightning.Identity.Web;

/// <summary>
/// Marks the browser in which an authorization request waits, so that its sequel opened elsewhere (a mail read on the telephone, a link sent by a
/// stranger) does not end in a client that never asked.
/// </summary>
static class FlowCookie
{
    const string Name = "__Host-lightning-id-flow";

    public static string? Read(HttpContext http) => http.Request.Cookies[Name] is { Length: > 0 } value ? value : null;

    /// <summary>The browser's mark; a new one where it has none.</summary>
    public static string Ensure(HttpContext http)
    {
        if (Read(http) is { } known) return known;
        var mark = Secrets.Create();
        http.Response.Cookies.Append(Name, mark, new CookieOptions { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/" });
        return mark;
    }
}
