using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Lightning.Identity.Sessions;

/// <summary>The cookie of this provider. It says which session it belongs to; whether that is alive, the database says at each request.</summary>
static class SessionCookie
{
    public const string Name = "__Host-lightning-id";

    /// <summary>The one claim in it.</summary>
    public const string Sid = "sid";

    public static void AddSessionCookie(this IServiceCollection services) => services
        .AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
        .AddCookie(cookie =>
        {
            cookie.Cookie.Name = Name;
            cookie.Cookie.Path = "/";
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.Always;
            // Lax: relying parties send the browser here from other sites.
            cookie.Cookie.SameSite = SameSiteMode.Lax;
            cookie.SlidingExpiration = false;
            cookie.Events.OnValidatePrincipal = ValidateAsync;
        });

    /// <summary>The session of the browser that asks, if it has one that is alive.</summary>
    public static LiveSession? BrowserSession(this HttpContext http) => http.Features.Get<LiveSession>();

    static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var http = context.HttpContext;
        var sessions = http.RequestServices.GetRequiredService<LiveSessions>();
        if (Guid.TryParse(context.Principal?.FindFirst(Sid)?.Value, out var sid) && await sessions.FindAsync(sid, http.RequestAborted) is { } session)
        {
            http.Features.Set(session);
            await sessions.TouchAsync(session);
            return;
        }
        context.RejectPrincipal();
        await http.SignOutAsync(context.Scheme.Name);
    }
}
