using System.Text.Json;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.Termination;

/// <summary>Why a session ends.</summary>
/// <param name="Reason">The reason in <c>identity.sessions</c>.</param>
/// <param name="Action">The action in the audit log.</param>
public sealed record SessionEndReason(string Reason, string Action)
{
    /// <summary>The user signed out.</summary>
    public static SessionEndReason SignOut { get; } = new("signed-out", "signed-out");

    /// <summary>An administrator stopped impersonating the user.</summary>
    public static SessionEndReason ImpersonationStopped { get; } = new("acting-stopped", "acting-stopped");

    /// <summary>The user ended sessions in the list of devices.</summary>
    public static SessionEndReason User { get; } = new("ended-by-user", "sessions-ended");

    /// <summary>An administrator ended sessions.</summary>
    public static SessionEndReason Administrator { get; } = new("ended-by-admin", "sessions-ended-by-admin");
}

/// <summary>The user who ends sessions.</summary>
/// <param name="UserId">The user's id.</param>
/// <param name="SessionId">The id of the session in which the user made the request.</param>
/// <param name="Ip">The user's IP address, for the audit log; null if it is unknown.</param>
public sealed record SessionRequester(Guid UserId, Guid SessionId, string? Ip);

/// <summary>
/// Ends sessions on behalf of a user. The caller checks that the user is allowed to. Sessions and audit entry are
/// written in one transaction, which continues when the HTTP request is aborted.
/// </summary>
public sealed partial class SessionTerminator(
    ISessionContext db,
    ISessionAudit audit,
    SessionFeed feed,
    SessionMetrics metrics,
    TimeProvider clock,
    ILogger<SessionTerminator> logger
)
{
    /// <summary>Ends one session.</summary>
    /// <param name="sid">The session to end.</param>
    /// <param name="reason">Why it ends.</param>
    /// <param name="requester">Who ends it.</param>
    /// <returns>True if the session ended; false if it had already ended.</returns>
    public async Task<bool> EndAsync(Guid sid, SessionEndReason reason, SessionRequester requester)
    {
        ArgumentNullException.ThrowIfNull(reason);
        var scope = new Scope("session", sid.ToString(), SessionChange.Session(sid));
        return await EndAsync(
                $"""SELECT identity.end_session({sid}, {reason.Reason})::integer AS "Value" """,
                reason,
                requester,
                scope
            ) > 0;
    }

    /// <summary>Ends all sessions of a user.</summary>
    /// <param name="userId">The user whose sessions end.</param>
    /// <param name="reason">Why they end.</param>
    /// <param name="requester">Who ends them.</param>
    /// <param name="except">A session to keep; null to end all.</param>
    /// <returns>How many sessions ended.</returns>
    public Task<int> EndUserAsync(Guid userId, SessionEndReason reason, SessionRequester requester, Guid? except = null)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return EndAsync(
            $"""SELECT identity.end_user_sessions({userId}, {reason.Reason}, {except}) AS "Value" """,
            reason,
            requester,
            new Scope("user", userId.ToString(), SessionChange.User(userId), except)
        );
    }

    /// <summary>Ends all sessions of all users, the requester's included.</summary>
    /// <returns>How many sessions ended.</returns>
    public Task<int> EndAllAsync(SessionEndReason reason, SessionRequester requester)
    {
        ArgumentNullException.ThrowIfNull(reason);
        return EndAsync(
            $"""SELECT identity.end_all({reason.Reason}) AS "Value" """,
            reason,
            requester,
            new Scope("everyone", null, SessionChange.Everything)
        );
    }

    async Task<int> EndAsync(FormattableString sql, SessionEndReason reason, SessionRequester requester, Scope scope)
    {
        ArgumentNullException.ThrowIfNull(requester);
        await using var transaction = await db.Database.BeginTransactionAsync();
        var ended = (await db.Database.SqlQuery<int>(sql).ToListAsync()).Single();
        if (ended == 0)
            return 0;
        await audit.RecordAsync([
            new SessionAuditEvent
            {
                At = clock.GetUtcNow(),
                Action = reason.Action,
                UserId = requester.UserId,
                SessionId = requester.SessionId,
                SubjectType = scope.SubjectType,
                SubjectId = scope.SubjectId,
                Details = JsonSerializer.Serialize(new { sessions = ended, except = scope.Except }),
                Ip = requester.Ip,
            },
        ]);
        await transaction.CommitAsync();
        // Invalidates this process's caches now; the database notification arrives later.
        feed.Publish(scope.Change);
        metrics.Ended(reason.Reason, ended);
        LogEnded(reason.Action, requester.UserId, new SessionLogId(requester.SessionId), ended, scope.SubjectType);
        return ended;
    }

    /// <summary>The sessions that end, for the audit log and the change feed.</summary>
    sealed record Scope(string SubjectType, string? SubjectId, SessionChange Change, Guid? Except = null);

    [LoggerMessage(
        21,
        LogLevel.Information,
        "{Action}: user {UserId} in session {Session} ended {Count} sessions, by {Scope}"
    )]
    partial void LogEnded(string action, Guid userId, SessionLogId session, int count, string scope);
}
