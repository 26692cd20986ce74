using System.Security.Claims;
using Lightning.Data;
using Lightning.Data.Accounts;
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
    /// <param name="http">Their browser.</param>
    /// <param name="account">Who they are: the account as it was when they proved that.</param>
    /// <param name="methods">How they proved it.</param>
    /// <returns>False where the account's credentials were changed since: a proof by the old ones counts no more.</returns>
    public Task<bool> SignInAsync(HttpContext http, Account account, params string[] methods) => SignInAsync(http, account, provedAnew: true, methods);

    /// <summary>The same, for a proof that may be an old one: without a new one, a session that there is keeps the time of its last.</summary>
    public async Task<bool> SignInAsync(HttpContext http, Account account, bool provedAnew, string[] methods)
    {
        var now = clock.GetUtcNow();
        var present = http.BrowserSession();
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await HoldAsync(account)) return false;
        var (sid, endsAt) = present?.UserId == account.Id && (!provedAnew || await RenewAsync(present.Id, methods, now))
            ? (present.Id, present.EndsAt)
            : await BeginAsync(http, account.Id, present, methods, now);
        await transaction.CommitAsync();
        await WriteCookieAsync(http, sid, endsAt);
        logger.SignedIn(account.Id, sid, methods);
        return true;
    }

    /// <summary>
    /// Whether the account has the credentials that were compared. Whoever changes them waits until the caller's transaction is over, and then ends
    /// the session that it made; without that, a sign-in that waits to be hashed would outlive the change of password that it began before.
    /// </summary>
    async Task<bool> HoldAsync(Account account) =>
        (await db.Database.SqlQuery<Guid>($"""
            SELECT id AS "Value" FROM identity.accounts WHERE id = {account.Id} AND security_stamp IS NOT DISTINCT FROM {account.SecurityStamp} FOR SHARE
            """).ToListAsync()).Count > 0;

    /// <summary>Begins a session in the caller's transaction, for an app that has its tokens and no cookie of this provider.</summary>
    /// <returns>Its id; null where the account's credentials were changed since it was found.</returns>
    public async Task<Guid?> BeginAsync(HttpContext http, Account account, params string[] methods)
    {
        if (!await HoldAsync(account)) return null;
        var (sid, _) = await BeginAsync(http, account.Id, replaced: null, methods, clock.GetUtcNow());
        logger.SignedIn(account.Id, sid, methods);
        return sid;
    }

    async Task<(Guid Sid, DateTimeOffset EndsAt)> BeginAsync(HttpContext http, Guid userId, LiveSession? replaced, string[] methods, DateTimeOffset now)
    {
        if (replaced is not null) await sessions.EndAsync(replaced.Id, "replaced");
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
        return (session.Id, session.EndsAt);
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
