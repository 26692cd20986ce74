using Lightning.Sessions;

namespace Lightning.Identity.Audit;

static partial class Events
{
    [LoggerMessage(
        EventId = 1005,
        EventName = "password-reset",
        Level = LogLevel.Information,
        Message = "User {UserId} reset the password with a mailed link from {Ip} (session {SessionLogId})"
    )]
    public static partial void PasswordReset(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1010,
        EventName = "password-changed",
        Level = LogLevel.Information,
        Message = "User {UserId} changed the password in session {SessionLogId}, from {Ip}"
    )]
    public static partial void PasswordChanged(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1011,
        EventName = "address-change-asked",
        Level = LogLevel.Information,
        Message = "User {UserId} asked to change the email address in session {SessionLogId}, from {Ip}"
    )]
    public static partial void AddressChangeAsked(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1012,
        EventName = "address-changed",
        Level = LogLevel.Information,
        Message = "User {UserId} changed the email address in session {SessionLogId}, from {Ip}"
    )]
    public static partial void AddressChanged(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1013,
        EventName = "second-factor-on",
        Level = LogLevel.Information,
        Message = "User {UserId} added an authenticator app in session {SessionLogId}, from {Ip}"
    )]
    public static partial void SecondFactorOn(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1014,
        EventName = "second-factor-off",
        Level = LogLevel.Information,
        Message = "User {UserId} removed the authenticator app in session {SessionLogId}, from {Ip}"
    )]
    public static partial void SecondFactorOff(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1015,
        EventName = "recovery-codes-renewed",
        Level = LogLevel.Information,
        Message = "User {UserId} created new recovery codes in session {SessionLogId}, from {Ip}"
    )]
    public static partial void RecoveryCodesRenewed(
        ILogger logger,
        Guid? userId,
        SessionLogId? sessionLogId,
        string? ip
    );

    [LoggerMessage(
        EventId = 1016,
        EventName = "recovery-code-used",
        Level = LogLevel.Warning,
        Message = "User {UserId} used a recovery code (session {SessionLogId}), from {Ip}"
    )]
    public static partial void RecoveryCodeUsed(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1017,
        EventName = "passkey-added",
        Level = LogLevel.Information,
        Message = "User {UserId} added a passkey in session {SessionLogId}, from {Ip}"
    )]
    public static partial void PasskeyAdded(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1032,
        EventName = "name-changed",
        Level = LogLevel.Information,
        Message = "User {UserId} changed the name of the account in session {SessionLogId}, from {Ip}"
    )]
    public static partial void NameChanged(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1018,
        EventName = "passkey-renamed",
        Level = LogLevel.Information,
        Message = "User {UserId} renamed a passkey in session {SessionLogId}, from {Ip}"
    )]
    public static partial void PasskeyRenamed(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1019,
        EventName = "passkey-removed",
        Level = LogLevel.Information,
        Message = "User {UserId} removed a passkey in session {SessionLogId}, from {Ip}"
    )]
    public static partial void PasskeyRemoved(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1020,
        EventName = "sessions-ended",
        Level = LogLevel.Information,
        Message = "User {UserId} ended other sessions in session {SessionLogId}, from {Ip}"
    )]
    public static partial void SessionsEnded(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1021,
        EventName = "account-exported",
        Level = LogLevel.Information,
        Message = "User {UserId} downloaded their data in session {SessionLogId}, from {Ip}"
    )]
    public static partial void AccountExported(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1022,
        EventName = "account-deleted",
        Level = LogLevel.Information,
        Message = "User {UserId} deleted their account in session {SessionLogId}, from {Ip}"
    )]
    public static partial void AccountDeleted(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);

    [LoggerMessage(
        EventId = 1023,
        EventName = "new-device",
        Level = LogLevel.Information,
        Message = "User {UserId} signed in to session {SessionLogId} from a new device, from {Ip}"
    )]
    public static partial void NewDevice(ILogger logger, Guid? userId, SessionLogId? sessionLogId, string? ip);
}
