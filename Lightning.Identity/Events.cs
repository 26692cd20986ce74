using Lightning.Sessions;

namespace Lightning.Identity;

/// <summary>
/// What happened to sessions and accounts, one structured event each (ASVS 5.0, 16.3). Sessions appear by a hash; no address, token, code, cookie or password ever does.
/// </summary>
static partial class Events
{
    public static void SignedIn(this ILogger logger, Guid userId, Guid sid, string[] methods) => LogSignedIn(logger, userId, new SessionMark(sid), methods);

    public static void SignInFailed(this ILogger logger, Guid? userId, string method, string reason) => LogSignInFailed(logger, userId, method, reason);

    public static void SignedOut(this ILogger logger, Guid userId, Guid sid) => LogSignedOut(logger, userId, new SessionMark(sid));

    public static void Registered(this ILogger logger, Guid userId, bool isAdmin) => LogRegistered(logger, userId, isAdmin);

    public static void PasswordReset(this ILogger logger, Guid userId) => LogPasswordReset(logger, userId);

    public static void Refreshed(this ILogger logger, string clientId, Guid sid) => LogRefreshed(logger, clientId, new SessionMark(sid));

    public static void RefreshTokenReused(this ILogger logger, string clientId, Guid sid) => LogRefreshTokenReused(logger, clientId, new SessionMark(sid));

    public static void CodeReused(this ILogger logger, string clientId, Guid sid) => LogCodeReused(logger, clientId, new SessionMark(sid));

    public static void GrantRevoked(this ILogger logger, string clientId, Guid sid) => LogGrantRevoked(logger, clientId, new SessionMark(sid));

    public static void RelyingPartyTold(this ILogger logger, string clientId, Guid sid) => LogRelyingPartyTold(logger, clientId, new SessionMark(sid));

    [LoggerMessage(EventId = 1001, EventName = "signed-in", Level = LogLevel.Information, Message = "User {UserId} signed in to session {SessionMark} by {Methods}")]
    static partial void LogSignedIn(ILogger logger, Guid userId, SessionMark sessionMark, string[] methods);

    [LoggerMessage(EventId = 1002, EventName = "sign-in-failed", Level = LogLevel.Warning, Message = "A sign-in by {Method} failed for user {UserId}: {Reason}")]
    static partial void LogSignInFailed(ILogger logger, Guid? userId, string method, string reason);

    [LoggerMessage(EventId = 1003, EventName = "signed-out", Level = LogLevel.Information, Message = "User {UserId} signed out of session {SessionMark}")]
    static partial void LogSignedOut(ILogger logger, Guid userId, SessionMark sessionMark);

    [LoggerMessage(EventId = 1004, EventName = "registered", Level = LogLevel.Information, Message = "User {UserId} registered (administrator: {IsAdmin})")]
    static partial void LogRegistered(ILogger logger, Guid userId, bool isAdmin);

    [LoggerMessage(EventId = 1005, EventName = "password-reset", Level = LogLevel.Information, Message = "User {UserId} chose a new password by a mailed link")]
    static partial void LogPasswordReset(ILogger logger, Guid userId);

    [LoggerMessage(EventId = 1006, EventName = "refreshed", Level = LogLevel.Information, Message = "Client {ClientId} refreshed tokens of session {SessionMark}")]
    static partial void LogRefreshed(ILogger logger, string clientId, SessionMark sessionMark);

    [LoggerMessage(EventId = 1007, EventName = "refresh-token-reused", Level = LogLevel.Warning,
        Message = "A spent refresh token of client {ClientId} was used again; session {SessionMark} was ended")]
    static partial void LogRefreshTokenReused(ILogger logger, string clientId, SessionMark sessionMark);

    [LoggerMessage(EventId = 1008, EventName = "code-reused", Level = LogLevel.Warning,
        Message = "A spent authorization code of client {ClientId} was used again; session {SessionMark} was ended")]
    static partial void LogCodeReused(ILogger logger, string clientId, SessionMark sessionMark);

    [LoggerMessage(EventId = 1009, EventName = "grant-revoked", Level = LogLevel.Information, Message = "Client {ClientId} revoked what it was granted for session {SessionMark}")]
    static partial void LogGrantRevoked(ILogger logger, string clientId, SessionMark sessionMark);

    [LoggerMessage(EventId = 1010, EventName = "relying-party-told", Level = LogLevel.Information, Message = "Client {ClientId} was told that session {SessionMark} has ended")]
    static partial void LogRelyingPartyTold(ILogger logger, string clientId, SessionMark sessionMark);
}
