using Lightning.Data.Audit;
using Mark = Lightning.Sessions.SessionMark;

namespace Lightning.Identity;

static partial class Events
{
    public static void ActingStarted(ILogger logger, AuditEntry entry, Guid userId, Guid sid) => LogActingStarted(logger, entry.UserId, entry.SessionMark, userId, new Mark(sid), entry.Ip);

    public static void ActingRefused(ILogger logger, Guid? userId, Guid? sid, string reason, string? ip) => LogActingRefused(logger, userId, sid is { } known ? new Mark(known) : null, reason, ip);

    [LoggerMessage(EventId = 1040, EventName = "acting-started", Level = LogLevel.Warning, Message = "Administrator {ActorId}, in session {ActorMark}, acts as user {UserId} in session {SessionMark}, from {Ip}")]
    static partial void LogActingStarted(ILogger logger, Guid? actorId, Mark? actorMark, Guid userId, Mark sessionMark, string? ip);

    [LoggerMessage(EventId = 1041, EventName = "acting-refused", Level = LogLevel.Warning, Message = "User {UserId}, in session {SessionMark}, was not let act as anybody: {Reason} (from {Ip})")]
    static partial void LogActingRefused(ILogger logger, Guid? userId, Mark? sessionMark, string reason, string? ip);
}
