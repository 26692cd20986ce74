using Lightning.Data.Audit;
using Lightning.Sessions;

namespace Lightning.Identity.Audit;

/// <summary>The log events of impersonations.</summary>
sealed partial class ImpersonationEvents(ILogger logger)
{
    public void Started(AuditEntry entry, Guid userId, Guid sid) =>
        LogStarted(entry.UserId, entry.SessionLogId, userId, new SessionLogId(sid), entry.Ip);

    public void Refused(Guid? userId, Guid? sid, string reason, string? ip) =>
        LogRefused(userId, sid is { } known ? new SessionLogId(known) : null, reason, ip);

    [LoggerMessage(
        EventId = 1040,
        EventName = "acting-started",
        Level = LogLevel.Warning,
        Message = "Administrator {ActorId}, in session {ActorSessionLogId}, impersonates user {UserId} in session "
            + "{SessionLogId}, from {Ip}"
    )]
    partial void LogStarted(
        Guid? actorId,
        SessionLogId? actorSessionLogId,
        Guid userId,
        SessionLogId sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1041,
        EventName = "acting-refused",
        Level = LogLevel.Warning,
        Message = "User {UserId}, in session {SessionLogId}, was refused an impersonation: {Reason} (from {Ip})"
    )]
    partial void LogRefused(Guid? userId, SessionLogId? sessionLogId, string reason, string? ip);
}
