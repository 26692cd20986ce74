using Lightning.Identity.Secrets;

namespace Lightning.Identity.Requests;

/// <summary>
/// Identifies the browser that started an authorization request, so that a link opened in another browser cannot
/// complete it.
/// </summary>
static class FlowCookie
{
    const string Name = "__Host-lightning-id-flow";

    public static string? Read(HttpContext http) => http.Request.Cookies[Name] is { Length: > 0 } value ? value : null;

    /// <summary>The cookie's value; sets a new cookie if the browser has none.</summary>
    public static string GetOrCreate(HttpContext http)
    {
        if (Read(http) is { } known)
            return known;
        var value = Secret.Create();
        http.Response.Cookies.Append(
            Name,
            value,
            new CookieOptions
            {
                Secure = true,
                HttpOnly = true,
                SameSite = SameSiteMode.Lax,
                Path = "/",
            }
        );
        return value;
    }
}
