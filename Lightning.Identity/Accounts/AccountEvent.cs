using Lightning.Identity.Audit;
using Lightning.Sessions;

namespace Lightning.Identity.Accounts;

/// <summary>An account event, with its name in logs and the audit log and its mail to the owner.</summary>
/// <param name="Name">The name in logs and the audit log.</param>
/// <param name="Subject">The mail's subject; null for no mail.</param>
/// <param name="What">The mail's first sentence.</param>
/// <param name="Log">Writes the log event.</param>
sealed record AccountEvent(
    string Name,
    string? Subject,
    string What,
    Action<ILogger, Guid?, SessionLogId?, string?> Log
)
{
    public static readonly AccountEvent PasswordChanged = new(
        "password-changed",
        "Your password was changed",
        "The password of your account was changed.",
        Events.PasswordChanged
    );
    public static readonly AccountEvent PasswordReset = new(
        "password-reset",
        "Your password was changed",
        "The password of your account was reset with a mailed link.",
        Events.PasswordReset
    );
    public static readonly AccountEvent AddressChangeAsked = new(
        "address-change-asked",
        "Your email address is about to change",
        "Someone who is signed in to your account asked to change its email address. It changes when the link that "
            + "was sent to the new address is opened.",
        Events.AddressChangeAsked
    );
    public static readonly AccountEvent AddressChanged = new(
        "address-changed",
        "Your email address was changed",
        "The email address of your account was changed.",
        Events.AddressChanged
    );
    public static readonly AccountEvent SecondFactorOn = new(
        "second-factor-on",
        "Two-step sign-in is on",
        "An authenticator app was added to your account. Signing in with your password now requires a code.",
        Events.SecondFactorOn
    );
    public static readonly AccountEvent SecondFactorOff = new(
        "second-factor-off",
        "Two-step sign-in is off",
        "The authenticator app was removed from your account. You now sign in with your password alone.",
        Events.SecondFactorOff
    );
    public static readonly AccountEvent RecoveryCodesRenewed = new(
        "recovery-codes-renewed",
        "You have new recovery codes",
        "New recovery codes were created for your account. The old ones no longer work.",
        Events.RecoveryCodesRenewed
    );
    public static readonly AccountEvent RecoveryCodeUsed = new(
        "recovery-code-used",
        "A recovery code was used",
        "Someone signed in to your account with a recovery code. That code no longer works.",
        Events.RecoveryCodeUsed
    );
    public static readonly AccountEvent PasskeyAdded = new(
        "passkey-added",
        "A passkey was added",
        "A passkey was added to your account. The device that stores it can sign in.",
        Events.PasskeyAdded
    );
    public static readonly AccountEvent PasskeyRenamed = new("passkey-renamed", null, "", Events.PasskeyRenamed);
    public static readonly AccountEvent PasskeyRemoved = new(
        "passkey-removed",
        "A passkey was removed",
        "A passkey was removed from your account.",
        Events.PasskeyRemoved
    );
    public static readonly AccountEvent NameChanged = new("name-changed", null, "", Events.NameChanged);
    public static readonly AccountEvent SessionsEnded = new("sessions-ended", null, "", Events.SessionsEnded);
    public static readonly AccountEvent Exported = new(
        "account-exported",
        "Your data was downloaded",
        "Someone who is signed in to your account downloaded its data.",
        Events.AccountExported
    );
    public static readonly AccountEvent Deleted = new(
        "account-deleted",
        "Your account was deleted",
        "Your account and everything in it were deleted.",
        Events.AccountDeleted
    );
    public static readonly AccountEvent SignedInElsewhere = new(
        "new-device",
        "A sign-in from a new device",
        "Someone signed in to your account from a new device or browser.",
        Events.NewDevice
    );
}
