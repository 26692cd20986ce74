using Lightning.Data;
using Lightning.Data.Acting;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Identity.Audit;
using Lightning.Identity.Protocol;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Acting;

/// <summary>
/// An administrator begins to act as somebody: the hand-over that the admin site wrote becomes a session of its own, in the browser of the session that asked for it and in
/// no other. It has no cookie here, so nothing of it reaches the account pages; the client gets a code for it as for any session.
/// </summary>
sealed class ActingStart(LightningDb db, LiveSessions sessions, AuditBook audit, TimeProvider clock, ILogger<ActingStart> logger)
{
    static readonly Check<Attempt>[] Checks =
    [
        HandoverIsKnown,
        BrowserIsTheAdministrators,
        HandoverIsYoung,
        AdministratorMayStill,
        PersonIsNoAdministrator,
        PersonIsWelcome,
    ];

    // RFC 6749, 10.5, as of a code: once. Whatever shows it uses it up, so that one that leaked is worth nothing from then on.
    static ProtocolError? HandoverIsKnown(Attempt attempt) => attempt.Handover is null ? ProtocolError.AccessDenied("The hand-over is not known, or was used before.") : null;

    // RFC 9700, 4.7: whoever is led here with another's hand-over is not made to act as anybody.
    static ProtocolError? BrowserIsTheAdministrators(Attempt attempt) =>
        attempt.Browser?.Id == attempt.Handover!.SessionId ? null : ProtocolError.AccessDenied("The hand-over belongs to another browser.");

    static ProtocolError? HandoverIsYoung(Attempt attempt) =>
        attempt.Now - attempt.Handover!.CreatedAt <= Handover.Lifetime ? null : ProtocolError.AccessDenied("The hand-over is too old.");

    // ASVS 5.0, 8.3.2: as the database says at this moment, and not when it was asked for.
    static ProtocolError? AdministratorMayStill(Attempt attempt) =>
        attempt.Administrator is { IsAdmin: true, DisabledAt: null } ? null : ProtocolError.AccessDenied("Only administrators act as others.");

    static ProtocolError? PersonIsNoAdministrator(Attempt attempt) =>
        attempt.Person is { IsAdmin: false } ? null : ProtocolError.AccessDenied("Nobody acts as an administrator.");

    static ProtocolError? PersonIsWelcome(Attempt attempt) => attempt.Person!.DisabledAt is null ? null : ProtocolError.AccessDenied("The account is shut.");

    /// <summary>The session in which the administrator acts, or why there is none. Not cancelled with the request: a hand-over half used would be lost.</summary>
    /// <param name="http">The browser that shows it.</param>
    /// <param name="handover">SHA-256 of its code.</param>
    public async Task<(LiveSession? Session, ProtocolError? Fault)> BeginAsync(HttpContext http, byte[] handover)
    {
        var (now, browser) = (clock.GetUtcNow(), http.BrowserSession());
        await using var transaction = await db.Database.BeginTransactionAsync();
        var taken = await db.Handovers.FromSql($"UPDATE identity.handovers SET used_at = {now} WHERE code_hash = {handover} AND used_at IS NULL RETURNING *").AsNoTracking().ToListAsync();
        var attempt = new Attempt(taken.SingleOrDefault(), browser, await HoldAsync(browser?.UserId), await HoldAsync(taken.SingleOrDefault()?.UserId), now);
        if (Checks.FirstFault(attempt) is { } fault)
        {
            await RefuseAsync(http, attempt, fault);
            await transaction.CommitAsync();
            return (null, fault);
        }

        // Sessions are locked before what hangs on them: one that is ended meanwhile takes this one along.
        await sessions.LockAsync(browser!.Id);
        if (await sessions.FindAsync(browser.Id, CancellationToken.None) is null) return (null, ProtocolError.AccessDenied("The administrator's session has ended."));
        var end = now + Handover.ActingLifetime;
        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            Issuer = attempt.Person!.Issuer,
            UserId = attempt.Person.Id,
            CreatedAt = now,
            // The person has proved nothing, so whatever wants a recent proof is out of reach.
            AuthTime = DateTimeOffset.UnixEpoch,
            LastSeenAt = now,
            EndsAt = end < browser.EndsAt ? end : browser.EndsAt,
            Methods = browser.Methods,
            ActorId = browser.UserId,
            ActorSessionId = browser.Id,
        };
        db.Sessions.Add(session);
        var started = audit.Enter("acting-started", browser.UserId, browser.Id, ("user", session.UserId.ToString()), new { session = session.Id, endsAt = session.EndsAt, reason = attempt.Handover!.Reason });
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.Done(started, (log, entry) => Events.ActingStarted(log, entry, session.UserId, session.Id));
        return (await sessions.FindAsync(session.Id, CancellationToken.None), null);
    }

    /// <summary>A hand-over that there is comes into the book; one that somebody made up, which anybody can at any rate, into the log alone.</summary>
    async Task RefuseAsync(HttpContext http, Attempt attempt, ProtocolError fault)
    {
        Events.ActingRefused(logger, attempt.Browser?.UserId, attempt.Browser?.Id, fault.Description, http.Connection.RemoteIpAddress?.ToString());
        if (attempt.Handover is not { } handover) return;
        audit.Enter("acting-refused", attempt.Browser?.UserId, attempt.Browser?.Id, ("user", handover.UserId.ToString()), new { reason = fault.Description });
        await db.SaveChangesAsync();
    }

    /// <summary>A user as they are now, and stay until the transaction is over: whoever changes their rights waits, and then ends what was begun here.</summary>
    async Task<User?> HoldAsync(Guid? id) => id is null ? null
        : (await db.Users.FromSql($"SELECT *, xmin FROM app.users WHERE id = {id} FOR SHARE").AsNoTracking().ToListAsync()).SingleOrDefault();

    sealed record Attempt(Handover? Handover, LiveSession? Browser, User? Administrator, User? Person, DateTimeOffset Now);
}
