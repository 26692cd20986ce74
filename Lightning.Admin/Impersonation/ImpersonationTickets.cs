using System.Text.Json;
using Lightning.Admin.Audit;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Impersonation;
using Lightning.Data.Users;
using Lightning.Sessions;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Impersonation;

/// <summary>What an administrator asks for.</summary>
/// <param name="Reason">The reason for the audit log.</param>
/// <param name="MayWrite">Whether the administrator may change the user's data.</param>
public sealed record ImpersonationRequest(string Reason, bool MayWrite);

/// <summary>
/// Issues impersonation tickets: single-use codes that the application redeems at Identity. A ticket is valid for one
/// minute, only in the administrator's browser. The admin site's database role cannot create sessions, and can create
/// tickets only through a function that checks the administrator's rights.
/// </summary>
public sealed partial class ImpersonationTickets(
    LightningDb db,
    UserPolicy policy,
    IOptions<ImpersonationOptions> options,
    AdminAudit audit,
    ILogger<ImpersonationTickets> logger
)
{
    /// <summary>The event name in logs and the audit log.</summary>
    public const string RequestedAction = "acting-asked";

    readonly Actor actor = audit.Actor;

    /// <summary>
    /// The user with this id; null if the actor may not impersonate the user, or if no application is configured.
    /// </summary>
    public async Task<User?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        options.Value.App is null
            ? null
            : await db
                .Users.AsNoTracking()
                .Where(policy, actor, Verb.Impersonate)
                .SingleOrDefaultAsync(user => user.Id == id, cancellationToken);

    /// <summary>
    /// Writes a ticket and its audit entry in one transaction, which continues when the HTTP request is aborted.
    /// </summary>
    /// <returns>The URL to redirect to; null if the database function refused.</returns>
    public async Task<string?> CreateAsync(Guid id, ImpersonationRequest asked, LiveSession session, string? ip)
    {
        ArgumentNullException.ThrowIfNull(asked);
        ArgumentNullException.ThrowIfNull(session);
        var (code, hash) = ImpersonationTicket.Create();
        await using var transaction = await db.Database.BeginTransactionAsync();
        if (
            !(
                await db
                    .Database.SqlQuery<bool>(
                        $"""
                        SELECT identity.hand_over({hash}, {id}, {session.Id}, {asked.Reason}, {asked.MayWrite})
                            AS "Value"
                        """
                    )
                    .ToListAsync()
            ).Single()
        )
            return null;
        audit.Add(
            RequestedAction,
            "user",
            id,
            ip,
            JsonSerializer.Serialize(new { reason = asked.Reason, mayWrite = asked.MayWrite })
        );
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        LogRequested(logger, actor.UserId, id, new SessionLogId(actor.SessionId), ip);
        return $"{options.Value.App!.TrimEnd('/')}/bff/act?code={code}";
    }

    [LoggerMessage(
        EventId = 2003,
        EventName = RequestedAction,
        Level = LogLevel.Warning,
        Message = "Administrator {ActorId} requested to impersonate user {UserId} in session {SessionLogId}, from {Ip}"
    )]
    static partial void LogRequested(ILogger logger, Guid actorId, Guid userId, SessionLogId sessionLogId, string? ip);
}
