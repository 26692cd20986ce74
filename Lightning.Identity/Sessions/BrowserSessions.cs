using System.Security.Claims;
using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Sessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Sessions;

/// <summary>The session of the browser that asks: one cookie, one row.</summary>
sealed class BrowserSessions(LightningDb db, LiveSessions sessions, IOptions<SessionsOptions> limits, IOptions<ProviderOptions> provider, TimeProvider clock, ILogger<BrowserSessions> logger)
{
    /// <summary>Signs a person in. The same person keeps the session and only proves themself anew; anybody else's session in this browser ends.</summary>
    public async Task SignInAsync(HttpContext http, Guid userId, params string[] methods)
    {
        var now = clock.GetUtcNow();
        var present = http.BrowserSession();
        if (present?.UserId == userId && await RenewAsync(present.Id, methods, now))
        {
            await WriteCookieAsync(http, present.Id, present.EndsAt);
            logger.SignedIn(userId, present.Id, methods);
            return;
        }
        if (present is not null) await sessions.EndAsync(present.Id, "replaced");

        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            Issuer = provider.Value.Issuer,
            UserId = userId,
            CreatedAt = now,
            AuthTime = now,
            LastSeenAt = now,
            EndsAt = now + limits.Value.AbsoluteLifetime,
            Ip = http.Connection.RemoteIpAddress?.ToString(),
            Device = Device.Name(http.Request.Headers.UserAgent),
            Methods = methods,
        };
        db.Sessions.Add(session);
        await db.SaveChangesAsync();
        await WriteCookieAsync(http, session.Id, session.EndsAt);
        logger.SignedIn(userId, session.Id, methods);
    }

    /// <summary>Signs the browser out, everywhere that its session reaches.</summary>
    public async Task SignOutAsync(HttpContext http)
    {
        if (http.BrowserSession() is { } session && await sessions.EndAsync(session.Id, "signed-out")) logger.SignedOut(session.UserId, session.Id);
        await http.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }

    /// <summary>False where the session ended meanwhile: what has ended never comes back.</summary>
    async Task<bool> RenewAsync(Guid sid, string[] methods, DateTimeOffset now) =>
        await db.Sessions.Where(session => session.Id == sid && session.EndedAt == null).ExecuteUpdateAsync(update => update
            .SetProperty(session => session.AuthTime, now)
            .SetProperty(session => session.LastSeenAt, now)
            .SetProperty(session => session.Methods, methods)) > 0;

    static Task WriteCookieAsync(HttpContext http, Guid sid, DateTimeOffset endsAt) =>
        http.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme,
            new ClaimsPrincipal(new ClaimsIdentity([new Claim(SessionCookie.Sid, sid.ToString())], CookieAuthenticationDefaults.AuthenticationScheme)),
            new AuthenticationProperties { IsPersistent = true, ExpiresUtc = endsAt });
}
