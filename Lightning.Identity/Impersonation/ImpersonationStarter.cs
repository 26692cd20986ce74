using Lightning.Data;
using Lightning.Data.Impersonation;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Identity.Audit;
using Lightning.Identity.Requests;
using Lightning.Identity.Sessions;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Impersonation;

/// <summary>
/// Starts an impersonation: the ticket from the admin site becomes a session, only in the browser of the administrator
/// who asked for it. The session has no cookie here, so it cannot reach the account pages; the client gets a code for
/// it as for any session.
/// </summary>
sealed class ImpersonationStarter(
    LightningDb db,
    ProviderSessions sessions,
    AuditLog audit,
    TimeProvider clock,
    ILogger<ImpersonationStarter> logger
)
{
    static readonly RequestCheck<Attempt>[] Checks =
    [
        TicketIsKnown,
        BrowserBelongsToAdministrator,
        TicketIsNotExpired,
        AdministratorIsEnabled,
        UserIsNotAdministrator,
        UserIsEnabled,
    ];

    // RFC 6749, 10.5, as for a code: used once. Any use invalidates it, so that a leaked ticket becomes worthless.
    static ProtocolError? TicketIsKnown(Attempt attempt) =>
        attempt.Ticket is null ? ProtocolError.AccessDenied("The ticket is unknown, or was used before.") : null;

    // RFC 9700, 4.7: prevents cross-site request forgery with another administrator's ticket.
    static ProtocolError? BrowserBelongsToAdministrator(Attempt attempt) =>
        attempt.Browser?.Id == attempt.Ticket!.SessionId
            ? null
            : ProtocolError.AccessDenied("The ticket belongs to another browser.");

    static ProtocolError? TicketIsNotExpired(Attempt attempt) =>
        attempt.Now - attempt.Ticket!.CreatedAt <= ImpersonationTicket.Lifetime
            ? null
            : ProtocolError.AccessDenied("The ticket has expired.");

    // ASVS 5.0, 8.3.2: the current rights, not those at the time of the request.
    static ProtocolError? AdministratorIsEnabled(Attempt attempt) =>
        attempt.Administrator is { IsAdmin: true, DisabledAt: null }
            ? null
            : ProtocolError.AccessDenied("Only administrators may impersonate users.");

    static ProtocolError? UserIsNotAdministrator(Attempt attempt) =>
        attempt.User is { IsAdmin: false }
            ? null
            : ProtocolError.AccessDenied("Administrators cannot be impersonated.");

    static ProtocolError? UserIsEnabled(Attempt attempt) =>
        attempt.User!.DisabledAt is null ? null : ProtocolError.AccessDenied("The account is disabled.");

    /// <summary>
    /// Starts the session, or returns an error. Not cancelled with the request, so that a ticket is never used without
    /// a response.
    /// </summary>
    /// <param name="http">The request of the administrator's browser.</param>
    /// <param name="ticket">SHA-256 of the ticket's code.</param>
    public async Task<(ProviderSession? Session, ProtocolError? Error)> BeginAsync(HttpContext http, byte[] ticket)
    {
        var (now, browser) = (clock.GetUtcNow(), http.BrowserSession());
        await using var transaction = await db.Database.BeginTransactionAsync();
        var taken = await db
            .ImpersonationTickets.FromSql(
                $"""
                UPDATE identity.handovers SET used_at = {now} WHERE code_hash = {ticket} AND used_at IS NULL
                    RETURNING *
                """
            )
            .AsNoTracking()
            .ToListAsync();
        var attempt = new Attempt(
            taken.SingleOrDefault(),
            browser,
            await LockAsync(browser?.UserId),
            await LockAsync(taken.SingleOrDefault()?.UserId),
            now
        );
        if (Checks.FirstError(attempt) is { } error)
        {
            await RefuseAsync(http, attempt, error);
            await transaction.CommitAsync();
            return (null, error);
        }

        // Lock the administrator's session first: if it ends concurrently, this session ends with it.
        await sessions.LockAsync(browser!.Id);
        if (await sessions.FindAsync(browser.Id, CancellationToken.None) is null)
            return (null, ProtocolError.AccessDenied("The administrator's session has ended."));
        var end = now + ImpersonationTicket.SessionLifetime;
        var session = new Session
        {
            Id = Guid.CreateVersion7(now),
            Issuer = attempt.User!.Issuer,
            UserId = attempt.User.Id,
            CreatedAt = now,
            // The user did not authenticate, so nothing that requires a recent sign-in is available.
            AuthTime = DateTimeOffset.UnixEpoch,
            LastSeenAt = now,
            EndsAt = end < browser.EndsAt ? end : browser.EndsAt,
            Methods = browser.Methods,
            ActorId = browser.UserId,
            ActorSessionId = browser.Id,
            ActorMayWrite = attempt.Ticket!.MayWrite,
        };
        db.Sessions.Add(session);
        var started = audit.Add(
            "acting-started",
            browser.UserId,
            browser.Id,
            ("user", session.UserId.ToString()),
            new
            {
                session = session.Id,
                endsAt = session.EndsAt,
                reason = attempt.Ticket!.Reason,
                mayWrite = session.ActorMayWrite,
            }
        );
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        audit.AfterCommit(
            started,
            (log, entry) => new ImpersonationEvents(log).Started(entry, session.UserId, session.Id)
        );
        return (await sessions.FindAsync(session.Id, CancellationToken.None), null);
    }

    /// <summary>
    /// Logs a refusal. One with an existing ticket is audited too; an invented ticket is only logged, because anyone
    /// can send one.
    /// </summary>
    async Task RefuseAsync(HttpContext http, Attempt attempt, ProtocolError error)
    {
        new ImpersonationEvents(logger).Refused(
            attempt.Browser?.UserId,
            attempt.Browser?.Id,
            error.Description,
            http.Connection.RemoteIpAddress?.ToString()
        );
        if (attempt.Ticket is not { } ticket)
            return;
        audit.Add(
            "acting-refused",
            attempt.Browser?.UserId,
            attempt.Browser?.Id,
            ("user", ticket.UserId.ToString()),
            new { reason = error.Description }
        );
        await db.SaveChangesAsync();
    }

    /// <summary>
    /// Reads a user and locks the row for the transaction: a concurrent change of rights waits and then ends this
    /// session.
    /// </summary>
    async Task<User?> LockAsync(Guid? id) =>
        id is null
            ? null
            : (
                await db
                    .Users.FromSql($"SELECT *, xmin FROM app.users WHERE id = {id} FOR SHARE")
                    .AsNoTracking()
                    .ToListAsync()
            ).SingleOrDefault();

    sealed record Attempt(
        ImpersonationTicket? Ticket,
        ProviderSession? Browser,
        User? Administrator,
        User? User,
        DateTimeOffset Now
    );
}
