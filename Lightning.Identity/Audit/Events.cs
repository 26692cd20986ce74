using Lightning.Data.Audit;
using Lightning.Sessions;

namespace Lightning.Identity.Audit;

/// <summary>
/// The log events of sessions and accounts (ASVS 5.0, 16.3). Sessions are identified by a hash; email addresses,
/// tokens, codes, cookies and passwords are never logged.
/// </summary>
static partial class Events
{
    public static void SignedIn(ILogger logger, AuditEntry entry, string[] methods) =>
        LogSignedIn(logger, entry.UserId, entry.SessionLogId, entry.Ip, methods);

    public static void SignInFailed(ILogger logger, AuditEntry entry, string method, string reason) =>
        LogSignInFailed(logger, entry.UserId, method, reason, entry.Ip);

    public static void SignInFailed(ILogger logger, Guid? userId, string method, string reason, string? ip) =>
        LogSignInFailed(logger, userId, method, reason, ip);

    public static void SignedOut(ILogger logger, AuditEntry entry) =>
        LogSignedOut(logger, entry.UserId, entry.SessionLogId, entry.Ip);

    public static void Registered(ILogger logger, AuditEntry entry, bool isAdmin) =>
        LogRegistered(logger, entry.UserId, isAdmin, entry.Ip);

    public static void Refreshed(ILogger logger, AuditEntry entry) =>
        LogRefreshed(logger, entry.SubjectId, entry.UserId, entry.SessionLogId, entry.Ip);

    public static void RefreshTokenReused(ILogger logger, AuditEntry entry) =>
        LogRefreshTokenReused(logger, entry.SubjectId, entry.UserId, entry.SessionLogId, entry.Ip);

    public static void CodeReused(ILogger logger, AuditEntry entry) =>
        LogCodeReused(logger, entry.SubjectId, entry.UserId, entry.SessionLogId, entry.Ip);

    public static void GrantRevoked(ILogger logger, AuditEntry entry) =>
        LogGrantRevoked(logger, entry.SubjectId, entry.UserId, entry.SessionLogId, entry.Ip);

    public static void PasskeyRefused(this ILogger logger, Guid userId, string reason) =>
        LogPasskeyRefused(logger, userId, reason);

    public static void LogoutSent(this ILogger logger, string clientId, Guid sid) =>
        LogLogoutSent(logger, clientId, new SessionLogId(sid));

    [LoggerMessage(
        EventId = 1001,
        EventName = "signed-in",
        Level = LogLevel.Information,
        Message = "User {UserId} signed in to session {SessionLogId} with {Methods} from {Ip}"
    )]
    static partial void LogSignedIn(
        ILogger logger,
        Guid? userId,
        SessionLogId? sessionLogId,
        string? ip,
        string[] methods
    );

    [LoggerMessage(
        EventId = 1002,
        EventName = "sign-in-failed",
        Level = LogLevel.Warning,
        Message = "A sign-in with {Method} failed for user {UserId}: {Reason} (from {Ip})"
    )]
    static partial void LogSignInFailed(ILogger logger, Guid? userId, string method, string reason, string? ip);

    [LoggerMessage(
        EventId = 1003,
        EventName = "signed-out",
        Level = LogLevel.Information,
        Message = "User {UserId} signed out of session {SessionLogId} from {Ip}"
    )]
    static partial void LogSignedOut(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1004,
        EventName = "registered",
        Level = LogLevel.Information,
        Message = "User {UserId} registered (administrator: {IsAdmin}) from {Ip}"
    )]
    static partial void LogRegistered(ILogger logger, Guid? userId, bool isAdmin, string? ip);

    [LoggerMessage(
        EventId = 1006,
        EventName = "refreshed",
        Level = LogLevel.Information,
        Message = "Client {ClientId} refreshed tokens of user {UserId}, session {SessionLogId}, from {Ip}"
    )]
    static partial void LogRefreshed(
        ILogger logger,
        string? clientId,
        Guid? userId,
        SessionLogId? sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1007,
        EventName = "refresh-token-reused",
        Level = LogLevel.Warning,
        Message = "A used refresh token of client {ClientId} and user {UserId} was used again from {Ip}; session "
            + "{SessionLogId} was ended"
    )]
    static partial void LogRefreshTokenReused(
        ILogger logger,
        string? clientId,
        Guid? userId,
        SessionLogId? sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1008,
        EventName = "code-reused",
        Level = LogLevel.Warning,
        Message = "A used authorization code of client {ClientId} and user {UserId} was used again from {Ip}; "
            + "session {SessionLogId} was ended"
    )]
    static partial void LogCodeReused(
        ILogger logger,
        string? clientId,
        Guid? userId,
        SessionLogId? sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1009,
        EventName = "grant-revoked",
        Level = LogLevel.Information,
        Message = "Client {ClientId} revoked its grant for user {UserId}, session {SessionLogId}, from {Ip}"
    )]
    static partial void LogGrantRevoked(
        ILogger logger,
        string? clientId,
        Guid? userId,
        SessionLogId? sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1024,
        EventName = "passkey-refused",
        Level = LogLevel.Warning,
        Message = "A new passkey of user {UserId} was refused: {Reason}"
    )]
    static partial void LogPasskeyRefused(ILogger logger, Guid userId, string reason);

    [LoggerMessage(
        EventId = 1025,
        EventName = "relying-party-told",
        Level = LogLevel.Information,
        Message = "Client {ClientId} was notified that session {SessionLogId} has ended"
    )]
    static partial void LogLogoutSent(ILogger logger, string clientId, SessionLogId sessionLogId);
}
