using Lightning.Sessions;

namespace Lightning.Identity;

static partial class Events
{
    public static void SessionEvicted(this ILogger logger, Guid userId, Guid sid) => LogSessionEvicted(logger, userId, new SessionMark(sid));

    [LoggerMessage(EventId = 1030, EventName = "session-evicted", Level = LogLevel.Information, Message = "Session {SessionMark} of user {UserId} gave way to a newer one: Sessions:MostPerUser is reached")]
    static partial void LogSessionEvicted(ILogger logger, Guid userId, SessionMark sessionMark);
}
