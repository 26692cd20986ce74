using Mark = Lightning.Sessions.SessionMark;

namespace Lightning.Identity;

/// <summary>Something that happened to an account: how the books name it, and what its owner is told by mail.</summary>
/// <param name="Name">In logs and in the audit book.</param>
/// <param name="Subject">The mail's subject; null where no mail is worth sending.</param>
/// <param name="What">The mail's first sentence.</param>
/// <param name="Log">Writes the event.</param>
sealed record AccountEvent(string Name, string? Subject, string What, Action<ILogger, Guid?, Mark?, string?> Log)
{
    public static readonly AccountEvent PasswordChanged = new("password-changed", "Your password was changed", "The password of your account was changed.", Events.PasswordChanged);
    public static readonly AccountEvent PasswordReset = new("password-reset", "Your password was changed", "A new password was chosen for your account by a mailed link.", Events.PasswordReset);
    public static readonly AccountEvent AddressChangeAsked = new("address-change-asked", "Your email address is about to change", "Somebody who is signed in to your account wants to give it another email address. It changes once the link that went there is opened.", Events.AddressChangeAsked);
    public static readonly AccountEvent AddressChanged = new("address-changed", "Your email address was changed", "The email address of your account was changed.", Events.AddressChanged);
    public static readonly AccountEvent SecondFactorOn = new("second-factor-on", "Two-step sign-in is on", "An authenticator app was added to your account. Signing in by password now takes a code besides.", Events.SecondFactorOn);
    public static readonly AccountEvent SecondFactorOff = new("second-factor-off", "Two-step sign-in is off", "The authenticator app was removed from your account. The password alone now signs in.", Events.SecondFactorOff);
    public static readonly AccountEvent RecoveryCodesRenewed = new("recovery-codes-renewed", "You have new recovery codes", "New recovery codes were made for your account; the old ones have ended.", Events.RecoveryCodesRenewed);
    public static readonly AccountEvent RecoveryCodeUsed = new("recovery-code-used", "A recovery code was used", "Somebody signed in to your account with one of its recovery codes, which has ended with that.", Events.RecoveryCodeUsed);
    public static readonly AccountEvent PasskeyAdded = new("passkey-added", "A passkey was added", "A passkey was added to your account: the device that holds it can sign in.", Events.PasskeyAdded);
    public static readonly AccountEvent PasskeyRenamed = new("passkey-renamed", null, "", Events.PasskeyRenamed);
    public static readonly AccountEvent PasskeyRemoved = new("passkey-removed", "A passkey was removed", "A passkey was removed from your account.", Events.PasskeyRemoved);
    public static readonly AccountEvent SessionsEnded = new("sessions-ended", null, "", Events.SessionsEnded);
    public static readonly AccountEvent Exported = new("account-exported", "Your data were downloaded", "Somebody who is signed in to your account downloaded what we keep about it.", Events.AccountExported);
    public static readonly AccountEvent Deleted = new("account-deleted", "Your account was deleted", "Your account was deleted, with everything in it.", Events.AccountDeleted);
    public static readonly AccountEvent SignedInElsewhere = new("new-device", "A sign-in from a new device", "Somebody signed in to your account from a device or browser that we do not know.", Events.NewDevice);
}

static partial class Events
{
    [LoggerMessage(EventId = 1005, EventName = "password-reset", Level = LogLevel.Information, Message = "User {UserId} chose a new password by a mailed link, from {Ip} (session {SessionMark})")]
    public static partial void PasswordReset(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1010, EventName = "password-changed", Level = LogLevel.Information, Message = "User {UserId} changed the password in session {SessionMark}, from {Ip}")]
    public static partial void PasswordChanged(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1011, EventName = "address-change-asked", Level = LogLevel.Information, Message = "User {UserId} asked for another address in session {SessionMark}, from {Ip}")]
    public static partial void AddressChangeAsked(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1012, EventName = "address-changed", Level = LogLevel.Information, Message = "User {UserId} changed the address in session {SessionMark}, from {Ip}")]
    public static partial void AddressChanged(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1013, EventName = "second-factor-on", Level = LogLevel.Information, Message = "User {UserId} added an authenticator app in session {SessionMark}, from {Ip}")]
    public static partial void SecondFactorOn(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1014, EventName = "second-factor-off", Level = LogLevel.Information, Message = "User {UserId} removed the authenticator app in session {SessionMark}, from {Ip}")]
    public static partial void SecondFactorOff(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1015, EventName = "recovery-codes-renewed", Level = LogLevel.Information, Message = "User {UserId} made new recovery codes in session {SessionMark}, from {Ip}")]
    public static partial void RecoveryCodesRenewed(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1016, EventName = "recovery-code-used", Level = LogLevel.Warning, Message = "User {UserId} used a recovery code (session {SessionMark}), from {Ip}")]
    public static partial void RecoveryCodeUsed(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1017, EventName = "passkey-added", Level = LogLevel.Information, Message = "User {UserId} added a passkey in session {SessionMark}, from {Ip}")]
    public static partial void PasskeyAdded(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1018, EventName = "passkey-renamed", Level = LogLevel.Information, Message = "User {UserId} renamed a passkey in session {SessionMark}, from {Ip}")]
    public static partial void PasskeyRenamed(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1019, EventName = "passkey-removed", Level = LogLevel.Information, Message = "User {UserId} removed a passkey in session {SessionMark}, from {Ip}")]
    public static partial void PasskeyRemoved(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1020, EventName = "sessions-ended", Level = LogLevel.Information, Message = "User {UserId} ended other sessions of theirs in session {SessionMark}, from {Ip}")]
    public static partial void SessionsEnded(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1021, EventName = "account-exported", Level = LogLevel.Information, Message = "User {UserId} downloaded their data in session {SessionMark}, from {Ip}")]
    public static partial void AccountExported(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1022, EventName = "account-deleted", Level = LogLevel.Information, Message = "User {UserId} deleted their account in session {SessionMark}, from {Ip}")]
    public static partial void AccountDeleted(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);

    [LoggerMessage(EventId = 1023, EventName = "new-device", Level = LogLevel.Information, Message = "User {UserId} signed in to session {SessionMark} from a device that was not known, from {Ip}")]
    public static partial void NewDevice(ILogger logger, Guid? userId, Mark? sessionMark, string? ip);
}
