using Lightning.Authorization;

namespace Lightning.Admin.Accounts;

/// <summary>An operation on an account, with the texts of its confirmation page.</summary>
/// <param name="Slug">The name in URLs.</param>
/// <param name="Verb">The policy's verb that the administrator needs.</param>
/// <param name="Heading">The heading, also used on the account's page.</param>
/// <param name="Text">Explains the effect.</param>
/// <param name="Button">The button's text.</param>
/// <param name="Done">The message after success.</param>
/// <param name="Event">The event name in logs and the audit log; null if the callee writes its own entry.</param>
/// <param name="Function">The SQL that performs the operation on an account from a session; null if there is no
/// database function.</param>
public sealed record AccountOperation(
    string Slug,
    Verb Verb,
    string Heading,
    string Text,
    string Button,
    string Done,
    string? Event,
    Func<Guid, Guid, FormattableString>? Function
)
{
    /// <summary>Disables an account.</summary>
    public static readonly AccountOperation Disable = new(
        "disable",
        Verb.Disable,
        "Disable the account",
        "All sessions end immediately and the user cannot sign in until the account is enabled again. "
            + "No data is deleted.",
        "Disable",
        "The account is disabled, and its sessions have ended.",
        "account-disabled",
        (user, session) => $"""SELECT identity.disable_user({user}, {session}) AS "Value" """
    );

    /// <summary>Enables a disabled account.</summary>
    public static readonly AccountOperation Enable = new(
        "enable",
        Verb.Disable,
        "Enable the account",
        "The user can sign in again. Ended sessions stay ended.",
        "Enable",
        "The account is enabled.",
        "account-enabled",
        (user, session) => $"""SELECT identity.enable_user({user}, {session}) AS "Value" """
    );

    /// <summary>Removes the authenticator app, recovery codes and passkeys.</summary>
    public static readonly AccountOperation ResetSecondFactor = new(
        "reset-second-factor",
        Verb.ResetSecondFactor,
        "Reset the second factor",
        "The authenticator app, the recovery codes and all passkeys are removed, and all sessions end. After that "
            + "the password alone is enough to sign in, unless a second factor is required and must be set up again. "
            + "First make sure that the request comes from the account's owner. The owner is notified by email.",
        "Reset the second factor",
        "The second factor was reset and the owner was notified by email.",
        "second-factor-reset",
        (user, session) => $"""SELECT identity.reset_second_factor({user}, {session}) AS "Value" """
    );

    /// <summary>Ends all sessions of an account.</summary>
    public static readonly AccountOperation EndSessions = new(
        "end-sessions",
        Verb.Delete,
        "End all sessions",
        "The user is signed out immediately on all devices and can sign in again.",
        "End all sessions",
        "All sessions of the account have ended.",
        null,
        null
    );

    /// <summary>Deletes an account and its data, like the API does.</summary>
    public static readonly AccountOperation Remove = new(
        "delete",
        Verb.Delete,
        "Delete the account",
        "The account and its data are deleted, and all of its sessions end immediately. This cannot be undone. "
            + "The audit log keeps a record of past changes, without the text of notes.",
        "Delete",
        "The account is deleted.",
        "user.deleted",
        (user, session) => $"""SELECT identity.remove_user({user}, {session}) AS "Value" """
    );

    /// <summary>All operations, in display order.</summary>
    public static readonly IReadOnlyList<AccountOperation> All =
    [
        EndSessions,
        ResetSecondFactor,
        Disable,
        Enable,
        Remove,
    ];
}
