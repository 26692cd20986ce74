using Lightning.Data.Audit;
using Lightning.Sessions;

namespace Lightning.Identity.Audit;

static partial class Events
{
    public static void LoginAdded(ILogger logger, AuditEntry entry, string provider) =>
        LogLoginAdded(logger, entry.UserId, provider, entry.SessionLogId, entry.Ip);

    public static void LoginRemoved(ILogger logger, AuditEntry entry, string provider) =>
        LogLoginRemoved(logger, entry.UserId, provider, entry.SessionLogId, entry.Ip);

    public static void ExchangeRefused(this ILogger logger, string clientId, string provider, string reason) =>
        LogExchangeRefused(logger, clientId, provider, reason);

    public static void UpstreamRefused(this ILogger logger, string provider, string reason) =>
        LogUpstreamRefused(logger, provider, reason);

    public static void UpstreamUnavailable(this ILogger logger, Exception ex, string provider) =>
        LogUpstreamUnavailable(logger, ex, provider);

    public static void UpstreamFailed(this ILogger logger, Exception ex, string provider) =>
        LogUpstreamFailed(logger, ex, provider);

    [LoggerMessage(
        EventId = 1201,
        EventName = "login-added",
        Level = LogLevel.Information,
        Message = "User {UserId} can now sign in with {Provider} (session {SessionLogId}, from {Ip})"
    )]
    static partial void LogLoginAdded(
        ILogger logger,
        Guid? userId,
        string provider,
        SessionLogId? sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1202,
        EventName = "login-removed",
        Level = LogLevel.Information,
        Message = "User {UserId} can no longer sign in with {Provider} (session {SessionLogId}, from {Ip})"
    )]
    static partial void LogLoginRemoved(
        ILogger logger,
        Guid? userId,
        string provider,
        SessionLogId? sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1203,
        EventName = "exchange-refused",
        Level = LogLevel.Warning,
        Message = "Client {ClientId} was refused to exchange a token of {Provider}: {Reason}"
    )]
    static partial void LogExchangeRefused(ILogger logger, string clientId, string provider, string reason);

    [LoggerMessage(
        EventId = 1204,
        EventName = "upstream-refused",
        Level = LogLevel.Warning,
        Message = "A sign-in with {Provider} was refused: {Reason}"
    )]
    static partial void LogUpstreamRefused(ILogger logger, string provider, string reason);

    [LoggerMessage(
        EventId = 1205,
        EventName = "upstream-away",
        Level = LogLevel.Error,
        Message = "{Provider} is not available"
    )]
    static partial void LogUpstreamUnavailable(ILogger logger, Exception ex, string provider);

    [LoggerMessage(
        EventId = 1206,
        EventName = "upstream-broke",
        Level = LogLevel.Error,
        Message = "A sign-in with {Provider} failed unexpectedly"
    )]
    static partial void LogUpstreamFailed(ILogger logger, Exception ex, string provider);
}
