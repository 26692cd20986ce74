using Lightning.Data.Audit;
using Lightning.Sessions;

namespace Lightning.Identity.Audit;

static partial class Events
{
    public static void SessionEvicted(this ILogger logger, Guid userId, Guid sid) =>
        LogSessionEvicted(logger, userId, new SessionLogId(sid));

    public static void ConsentGiven(ILogger logger, AuditEntry entry) =>
        LogConsentGiven(logger, entry.SubjectId, entry.UserId, entry.SessionLogId, entry.Ip);

    [LoggerMessage(
        EventId = 1031,
        EventName = "consent-given",
        Level = LogLevel.Information,
        Message = "User {UserId} agreed to client {ClientId} in session {SessionLogId} from {Ip}"
    )]
    static partial void LogConsentGiven(
        ILogger logger,
        string? clientId,
        Guid? userId,
        SessionLogId? sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1030,
        EventName = "session-evicted",
        Level = LogLevel.Information,
        Message = "Session {SessionLogId} of user {UserId} was ended for a newer one: Sessions:MostPerUser is reached"
    )]
    static partial void LogSessionEvicted(ILogger logger, Guid userId, SessionLogId sessionLogId);
}
