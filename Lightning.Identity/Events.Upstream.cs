using Lightning.Data.Audit;
using Mark = Lightning.Sessions.SessionMark;

namespace Lightning.Identity;

static partial class Events
{
    public static void LoginAdded(ILogger logger, AuditEntry entry, string provider) => LogLoginAdded(logger, entry.UserId, provider, entry.SessionMark, entry.Ip);

    public static void LoginRemoved(ILogger logger, AuditEntry entry, string provider) => LogLoginRemoved(logger, entry.UserId, provider, entry.SessionMark, entry.Ip);

    public static void ExchangeRefused(this ILogger logger, string clientId, string provider, string reason) => LogExchangeRefused(logger, clientId, provider, reason);

    public static void UpstreamRefused(this ILogger logger, string provider, string reason) => LogUpstreamRefused(logger, provider, reason);

    public static void UpstreamAway(this ILogger logger, Exception fault, string provider) => LogUpstreamAway(logger, fault, provider);

    public static void UpstreamBroke(this ILogger logger, Exception ex, string provider) =>
        LogUpstreamBroke(logger, ex, provider);

    [LoggerMessage(EventId = 1201, EventName = "login-added", Level = LogLevel.Information, Message = "User {UserId} may now sign in by {Provider} (session {SessionMark}, from {Ip})")]
    static partial void LogLoginAdded(ILogger logger, Guid? userId, string provider, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1202, EventName = "login-removed", Level = LogLevel.Information, Message = "User {UserId} may no longer sign in by {Provider} (session {SessionMark}, from {Ip})")]
    static partial void LogLoginRemoved(ILogger logger, Guid? userId, string provider, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1203, EventName = "exchange-refused", Level = LogLevel.Warning, Message = "Client {ClientId} got no token for one of {Provider}: {Reason}")]
    static partial void LogExchangeRefused(ILogger logger, string clientId, string provider, string reason);

    [LoggerMessage(EventId = 1204, EventName = "upstream-refused", Level = LogLevel.Warning, Message = "A sign-in by {Provider} was refused: {Reason}")]
    static partial void LogUpstreamRefused(ILogger logger, string provider, string reason);

    [LoggerMessage(EventId = 1205, EventName = "upstream-away", Level = LogLevel.Error, Message = "{Provider} does not answer as it should")]
    static partial void LogUpstreamAway(ILogger logger, Exception fault, string provider);

    [LoggerMessage(EventId = 1206, EventName = "upstream-broke", Level = LogLevel.Error,
        Message = "A sign-in by {Provider} failed unexpectedly")]
    static partial void LogUpstreamBroke(ILogger logger, Exception ex, string provider);
}
