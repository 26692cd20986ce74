using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Lightning.Identity.Sessions;

/// <summary>
/// The session cookie of this provider. It holds the session's id and a secret that changes with every authentication;
/// every request checks both in the database, so that an old copy of the cookie is refused (ASVS 5.0, 7.2.4).
/// </summary>
static class ProviderSessionCookie
{
    public const string Name = "__Host-lightning-id";

    const string Sid = "sid";

    /// <summary>
    /// The user. Antiforgery tokens are bound to it, so that a form stays valid when the secret or the session changes.
    /// </summary>
    const string Subject = "sub";
    const string Secret = "secret";
    const int SecretBytes = 32;

    public static void AddProviderSessionCookie(this IServiceCollection services)
    {
        services.AddScoped<ProviderSessionCookieEvents>();
        services
            .AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie(cookie =>
            {
                cookie.Cookie.Name = Name;
                cookie.Cookie.Path = "/";
                cookie.Cookie.HttpOnly = true;
                cookie.Cookie.SecurePolicy = CookieSecurePolicy.Always;
                // Lax, because relying parties redirect here from other sites.
                cookie.Cookie.SameSite = SameSiteMode.Lax;
                cookie.SlidingExpiration = false;
                cookie.EventsType = typeof(ProviderSessionCookieEvents);
            });
    }

    /// <summary>A new random secret and its hash.</summary>
    public static (string Secret, byte[] Hash) NewSecret()
    {
        var secret = RandomNumberGenerator.GetBytes(SecretBytes);
        return (Base64Url.EncodeToString(secret), SHA256.HashData(secret));
    }

    /// <summary>Sets the browser's cookie.</summary>
    public static Task WriteAsync(HttpContext http, Guid userId, Guid sid, string secret, DateTimeOffset endsAt) =>
        http.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme,
            new ClaimsPrincipal(
                new ClaimsIdentity(
                    [new Claim(Subject, userId.ToString()), new Claim(Sid, sid.ToString()), new Claim(Secret, secret)],
                    CookieAuthenticationDefaults.AuthenticationScheme
                )
            ),
            new AuthenticationProperties { IsPersistent = true, ExpiresUtc = endsAt }
        );

    /// <summary>The session's id in the cookie; null if there is none.</summary>
    public static Guid? ReadSid(ClaimsPrincipal? user) =>
        Guid.TryParse(user?.FindFirst(Sid)?.Value, out var sid) ? sid : null;

    /// <summary>Whether the cookie holds the session's current secret.</summary>
    public static bool IsCurrent(ClaimsPrincipal? user, ProviderSession session) =>
        user?.FindFirst(Secret)?.Value is { } secret
        && session.CookieHash is { } hash
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Base64Url.DecodeFromChars(secret)), hash);

    /// <summary>The active session of the browser; null if it has none.</summary>
    public static ProviderSession? BrowserSession(this HttpContext http) => http.Features.Get<ProviderSession>();
}

/// <summary>Accepts a cookie only while its session is active and its secret is the current one.</summary>
sealed class ProviderSessionCookieEvents(ProviderSessions sessions) : CookieAuthenticationEvents
{
    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var http = context.HttpContext;
        var session = ProviderSessionCookie.ReadSid(context.Principal) is { } sid
            ? await sessions.FindAsync(sid, http.RequestAborted)
            : null;
        if (session is not null && ProviderSessionCookie.IsCurrent(context.Principal, session))
        {
            http.Features.Set(session);
            await sessions.TouchAsync(session);
            return;
        }
        context.RejectPrincipal();
        // An old secret may be that of a request that crossed a sign-in in another tab: the new cookie must stay.
        if (session is null)
            await http.SignOutAsync(context.Scheme.Name);
    }
}
