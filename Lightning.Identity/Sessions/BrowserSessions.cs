using System.Security.Claims;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Sessions;
using Lightning.Identity.Accounts;
using Lightning.Identity.Audit;
using Lightning.Sessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Sessions;

/// <summary>The session of the browser that asks: one cookie, one row.</summary>
sealed class BrowserSessions(
    LightningDb db, LiveSessions sessions, KnownDevices devices, AccountBook book, AuditBook audit,
    SecondFactorRule rule, IOptions<SessionsOptions> limits, IOptions<ProviderOptions> provider, TimeProvider clock, ProviderMetrics metrics, ILogger<BrowserSessions> logger)
{
    /// <summary>Signs a person in. The same person keeps the session and only proves themself anew; anybody else's session in this browser ends.</summary>
    /// <param name="http">Their browser.</param>
    /// <param name="account">Who they are: the account as it was when they proved that.</param>
    /// <param name="provedAt">When they proved it; a session that there is keeps the time of a later proof.</param>
    /// <param name="methods">How they proved it.</param>
    /// <returns>
    /// False where the account's credentials were changed since (a proof by the old ones counts no more), where its user was shut out, or where it asks for
    /// a second factor and the methods do not say <c>mfa</c>: whichever way somebody comes, none leads past that (ASVS 5.0, 6.3.4). See <see cref="SignInSteps"/>.
    /// </returns>
    public async Task<bool> SignInAsync(HttpContext http, Account account, DateTimeOffset provedAt, string[] methods)
    {
        var now = clock.GetUtcNow();
        var present = http.BrowserSession();
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await HoldAsync(account, methods)) return false;
        var (sid, endsAt) = present?.UserId == account.Id && (provedAt < present.AuthTime || await RenewAsync(present.Id, methods, provedAt, now))
            ? (present.Id, present.EndsAt)
            : await BeginAsync(http, account.Id, present, methods, provedAt, now);
        var elsewhere = !devices.Knows(http, account.Id) && await db.Sessions.AnyAsync(session => session.UserId == account.Id && session.Id != sid);
        var told = elsewhere ? book.Enter(http, account, AccountEvent.SignedInElsewhere, sid) : null;
        var signedIn = Enter(account.Id, sid, methods);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        await WriteCookieAsync(http, sid, endsAt);
        devices.Remember(http, account);
        signedIn();
        if (told is not null) book.Done(told, AccountEvent.SignedInElsewhere);
        return true;
    }

    /// <summary>
    /// Whether the account has the credentials that were compared, is welcome, and asks for no more than was proved. Whoever changes them waits until the
    /// caller's transaction is over, and then ends the session that it made; without that, a sign-in that waits to be hashed would outlive the change of
    /// password that it began before.
    /// </summary>
    async Task<bool> HoldAsync(Account account, string[] methods)
    {
        var several = methods.Contains(SecondFactor.Multiple, StringComparer.Ordinal);
        var (everyone, administrators) = (rule.ForEveryone, rule.ForAdministrators);
        return (await db.Database.SqlQuery<Guid>($"""
            SELECT account.id AS "Value" FROM identity.accounts AS account JOIN app.users AS person ON person.id = account.id
            WHERE account.id = {account.Id} AND account.security_stamp IS NOT DISTINCT FROM {account.SecurityStamp} AND person.disabled_at IS NULL
                AND ({several} OR NOT (account.two_factor_enabled OR {everyone} OR ({administrators} AND person.is_admin)))
            FOR SHARE OF account
            """).ToListAsync()).Count > 0;
    }

    /// <summary>Begins a session in the caller's transaction, for an app that has its tokens and no cookie of this provider.</summary>
    /// <returns>Its id, and what to call once the transaction is committed; null where a sign-in would be refused.</returns>
    public async Task<(Guid Sid, Action Done)?> BeginAsync(HttpContext http, Account account, DateTimeOffset provedAt, params string[] methods)
    {
        if (!await HoldAsync(account, methods)) return null;
        var (sid, _) = await BeginAsync(http, account.Id, replaced: null, methods, provedAt, clock.GetUtcNow());
        var signedIn = Enter(account.Id, sid, methods);
        await db.SaveChangesAsync();
        return (sid, signedIn);
    }

    /// <summary>Enters a sign-in into what the context will save.</summary>
    /// <returns>To be called once it is committed.</returns>
    Action Enter(Guid userId, Guid sid, string[] methods)
    {
        var entry = audit.Enter("signed-in", userId, sid, details: new { methods });
        return () =>
        {
            metrics.SignedIn(methods);
            audit.Done(entry, (log, entry) => Events.SignedIn(log, entry, methods));
        };
    }

    async Task<(Guid Sid, DateTimeOffset EndsAt)> BeginAsync(HttpContext http, Guid userId, LiveSession? replaced, string[] methods, DateTimeOffset provedAt, DateTimeOffset now)
    {
        if (replaced is not null) await sessions.EndAsync(replaced.Id, "replaced");
        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            Issuer = provider.Value.Issuer,
            UserId = userId,
            CreatedAt = now,
            AuthTime = provedAt,
            LastSeenAt = now,
            EndsAt = now + limits.Value.AbsoluteLifetime,
            Ip = http.Connection.RemoteIpAddress?.ToString(),
            Device = Device.Name(http.Request.Headers.UserAgent),
            Methods = methods,
        };
        db.Sessions.Add(session);
        await db.SaveChangesAsync();
        var evicted = await SessionLimit.KeepAsync(db, limits.Value, session.Id, now);
        metrics.Ended("evicted", evicted.Count);
        foreach (var old in evicted) logger.SessionEvicted(userId, old);
        return (session.Id, session.EndsAt);
    }

    /// <summary>Signs the browser out, everywhere that its session reaches.</summary>
    public async Task SignOutAsync(HttpContext http)
    {
        if (http.BrowserSession() is { } session) await SignOutAsync(session.Id);
        await http.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }

    /// <summary>Signs a session out, everywhere that it reaches; one that has ended stays as it is.</summary>
    public async Task SignOutAsync(Guid sid)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await sessions.EndAsync(sid, "signed-out")) return;
        var entry = audit.Enter("signed-out", await db.Sessions.Where(session => session.Id == sid).Select(session => (Guid?)session.UserId).SingleAsync(), sid);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.Done(entry, Events.SignedOut);
    }

    /// <summary>Notes that the person proved a second factor in this session.</summary>
    public Task StrengthenAsync(Guid sid, string[] methods) =>
        db.Sessions.Where(session => session.Id == sid && session.EndedAt == null).ExecuteUpdateAsync(update => update.SetProperty(session => session.Methods, methods));

    /// <summary>False where the session ended meanwhile: what has ended never comes back.</summary>
    async Task<bool> RenewAsync(Guid sid, string[] methods, DateTimeOffset provedAt, DateTimeOffset now) =>
        await db.Sessions.Where(session => session.Id == sid && session.EndedAt == null).ExecuteUpdateAsync(update => update
            .SetProperty(session => session.AuthTime, provedAt)
            .SetProperty(session => session.LastSeenAt, now)
            .SetProperty(session => session.Methods, methods)) > 0;

    static Task WriteCookieAsync(HttpContext http, Guid sid, DateTimeOffset endsAt) =>
        http.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme,
            new ClaimsPrincipal(new ClaimsIdentity([new Claim(SessionCookie.Sid, sid.ToString())], CookieAuthenticationDefaults.AuthenticationScheme)),
            new AuthenticationProperties { IsPersistent = true, ExpiresUtc = endsAt });
}
