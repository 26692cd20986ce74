using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Sessions;
using Lightning.Identity.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Sessions;
using Lightning.Sessions;
using Lightning.Sessions.Model;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.SignIn;

/// <summary>Starts and ends the session of a browser: one cookie, one row.</summary>
sealed class BrowserSessions(
    LightningDb db,
    ProviderSessions sessions,
    KnownDevices devices,
    AccountEventRecorder events,
    AuditLog audit,
    SecondFactorPolicy policy,
    SessionLimit limit,
    IOptions<SessionsOptions> limits,
    IOptions<ProviderOptions> provider,
    TimeProvider clock,
    ProviderMetrics metrics,
    ILogger<BrowserSessions> logger
)
{
    /// <summary>
    /// Signs a user in. The same user keeps the session and only reauthenticates; another user's session in this
    /// browser ends.
    /// </summary>
    /// <param name="http">The request of the browser.</param>
    /// <param name="account">The account as it was when the user authenticated.</param>
    /// <param name="provedAt">
    /// When the user authenticated (UTC). A session with a later authentication time keeps it.
    /// </param>
    /// <param name="methods">The authentication methods (RFC 8176).</param>
    /// <returns>
    /// False if the account's credentials changed since, if the user is disabled, or if the account requires a second
    /// factor and <paramref name="methods"/> lacks <c>mfa</c> (ASVS 5.0, 6.3.4). See <see cref="SignInFlow"/>.
    /// </returns>
    public async Task<bool> SignInAsync(HttpContext http, Account account, DateTimeOffset provedAt, string[] methods)
    {
        var now = clock.GetUtcNow();
        var present = http.BrowserSession();
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await LockAsync(account, methods))
            return false;
        var (secret, hash) = ProviderSessionCookie.NewSecret();
        var (sid, endsAt) =
            present?.UserId == account.Id && await RefreshAsync(present, methods, provedAt, now)
                ? (present.Id, present.EndsAt)
                : await BeginAsync(http, account.Id, present, methods, provedAt);
        await db
            .Sessions.Where(session => session.Id == sid)
            .ExecuteUpdateAsync(update => update.SetProperty(session => session.CookieHash, hash));
        var isNewDevice =
            !devices.IsKnown(http, account.Id)
            && await db.Sessions.AnyAsync(session => session.UserId == account.Id && session.Id != sid);
        var notice = isNewDevice ? events.Record(http, account, AccountEvent.SignedInElsewhere, sid) : null;
        var signedIn = AddAuditEntry(account.Id, sid, methods);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        await ProviderSessionCookie.WriteAsync(http, account.Id, sid, secret, endsAt);
        devices.Remember(http, account);
        signedIn();
        if (notice is not null)
            events.AfterCommit(notice, AccountEvent.SignedInElsewhere);
        return true;
    }

    /// <summary>
    /// Locks the account for the caller's transaction, if its credentials are still the ones that were verified, its
    /// user is enabled, and no factor is missing. A concurrent password change waits for this transaction and then ends
    /// its session.
    /// </summary>
    async Task<bool> LockAsync(Account account, string[] methods)
    {
        var several = methods.Contains(AuthenticationMethods.MultipleFactors, StringComparer.Ordinal);
        var (everyone, administrators) = (policy.ForEveryone, policy.ForAdministrators);
        return (
                await db
                    .Database.SqlQuery<Guid>(
                        $"""
                        SELECT account.id AS "Value" FROM identity.accounts AS account JOIN app.users AS person
                            ON person.id = account.id
                        WHERE account.id = {account.Id} AND account.security_stamp IS NOT DISTINCT
                            FROM {account.SecurityStamp} AND person.disabled_at IS NULL
                            AND ({several} OR NOT (account.two_factor_enabled OR {everyone} OR ({administrators}
                                AND person.is_admin)))
                        FOR SHARE OF account
                        """
                    )
                    .ToListAsync()
            ).Count > 0;
    }

    /// <summary>
    /// Starts a session in the caller's transaction for an app that has tokens and no cookie of this provider.
    /// </summary>
    /// <returns>The session's id and an action to call after the commit; null if the sign-in is refused.</returns>
    public async Task<(Guid Sid, Action Done)?> BeginAsync(
        HttpContext http,
        Account account,
        DateTimeOffset provedAt,
        params string[] methods
    )
    {
        if (!await LockAsync(account, methods))
            return null;
        var (sid, _) = await BeginAsync(http, account.Id, replaced: null, methods, provedAt);
        var signedIn = AddAuditEntry(account.Id, sid, methods);
        await db.SaveChangesAsync();
        return (sid, signedIn);
    }

    /// <summary>Adds a sign-in to the audit log.</summary>
    /// <returns>An action to call after the commit.</returns>
    Action AddAuditEntry(Guid userId, Guid sid, string[] methods)
    {
        var entry = audit.Add("signed-in", userId, sid, details: new { methods });
        return () =>
        {
            metrics.SignedIn(methods);
            audit.AfterCommit(entry, (log, entry) => Events.SignedIn(log, entry, methods));
        };
    }

    async Task<(Guid Sid, DateTimeOffset EndsAt)> BeginAsync(
        HttpContext http,
        Guid userId,
        ProviderSession? replaced,
        string[] methods,
        DateTimeOffset provedAt
    )
    {
        var now = clock.GetUtcNow();
        if (replaced is not null)
            await sessions.EndAsync(replaced.Id, "replaced");
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
            Device = Device.Describe(http.Request.Headers.UserAgent),
            Methods = methods,
        };
        db.Sessions.Add(session);
        await db.SaveChangesAsync();
        var evicted = await limit.KeepAsync(session.Id, now);
        metrics.SessionsEnded("evicted", evicted.Count);
        foreach (var old in evicted)
            logger.SessionEvicted(userId, old);
        return (session.Id, session.EndsAt);
    }

    /// <summary>Signs the browser out and ends its session everywhere.</summary>
    public async Task SignOutAsync(HttpContext http)
    {
        if (http.BrowserSession() is { } session)
            await SignOutAsync(session.Id);
        await http.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }

    /// <summary>Ends a session everywhere. Does nothing if it has ended.</summary>
    public async Task SignOutAsync(Guid sid)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (!await sessions.EndAsync(sid, "signed-out"))
            return;
        var entry = audit.Add(
            "signed-out",
            await db
                .Sessions.Where(session => session.Id == sid)
                .Select(session => (Guid?)session.UserId)
                .SingleAsync(),
            sid
        );
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.AfterCommit(entry, Events.SignedOut);
    }

    /// <summary>
    /// Records a reauthentication, unless the session has a later one. Returns false if the session has ended in the
    /// meantime.
    /// </summary>
    async Task<bool> RefreshAsync(
        ProviderSession session,
        string[] methods,
        DateTimeOffset provedAt,
        DateTimeOffset now
    ) =>
        provedAt < session.AuthTime
        || await db
            .Sessions.Active(now)
            .Where(row => row.Id == session.Id)
            .ExecuteUpdateAsync(update =>
                update
                    .SetProperty(row => row.AuthTime, provedAt)
                    .SetProperty(row => row.LastSeenAt, now)
                    .SetProperty(row => row.Methods, methods)
            ) > 0;
}
