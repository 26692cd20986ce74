using Lightning.Data.Rules;

namespace Lightning.Admin.Accounts;

/// <summary>Something that an administrator does about an account, and in what words the site asks whether it is meant.</summary>
/// <param name="Slug">In addresses.</param>
/// <param name="Verb">What a policy must allow.</param>
/// <param name="Heading">As a heading and on the account's page.</param>
/// <param name="Text">What it brings about.</param>
/// <param name="Button">What does it.</param>
/// <param name="Done">That it is done.</param>
/// <param name="Event">In logs and in the audit book; null where whoever does it writes its own line.</param>
/// <param name="Function">Asks the database to do it to an account in a session; null where there is no function of its own.</param>
public sealed record AccountAct(string Slug, Verb Verb, string Heading, string Text, string Button, string Done, string? Event,
    Func<Guid, Guid, FormattableString>? Function)
{
    /// <summary>Shuts somebody out.</summary>
    public static readonly AccountAct Disable = new("disable", Verb.Disable, "Disable the account",
        "All sessions end at once, everywhere, and nobody signs in to it until it is enabled again. Nothing of theirs is removed.",
        "Disable", "The account is disabled, and its sessions have ended.", "account-disabled",
        (who, session) => $"""SELECT identity.disable_user({who}, {session}) AS "Value" """);

    /// <summary>Lets somebody in again.</summary>
    public static readonly AccountAct Enable = new("enable", Verb.Disable, "Enable the account",
        "Its owner can sign in again, as before. Sessions that have ended stay ended.",
        "Enable", "The account is enabled.", "account-enabled",
        (who, session) => $"""SELECT identity.enable_user({who}, {session}) AS "Value" """);

    /// <summary>Takes authenticator app, recovery codes and passkeys away.</summary>
    public static readonly AccountAct ResetSecondFactor = new("reset-second-factor", Verb.ResetSecondFactor, "Reset the second factor",
        "The authenticator app, the recovery codes and all passkeys are taken away, and all sessions end. The password alone then signs in, unless a second factor is required and must be set up anew. "
            + "Make sure first that it is the owner who asks: whoever knows the password gets in. The owner is told by mail.",
        "Reset the second factor", "The second factor is reset, and the owner is told by mail.", "second-factor-reset",
        (who, session) => $"""SELECT identity.reset_second_factor({who}, {session}) AS "Value" """);

    /// <summary>Signs somebody out everywhere.</summary>
    public static readonly AccountAct EndSessions = new("end-sessions", Verb.Delete, "End all sessions",
        "Everybody who uses the account is signed out at once, everywhere, and can sign in again.",
        "End all sessions", "All sessions of the account have ended.", null, null);

    /// <summary>Removes somebody with all that is theirs, as the API does.</summary>
    public static readonly AccountAct Remove = new("delete", Verb.Delete, "Delete the account",
        "The account is deleted with everything in it, and all of its sessions end at once, everywhere. It cannot be taken back. The audit book keeps what was done, without the words of their notes.",
        "Delete", "The account is deleted.", "user.deleted",
        (who, session) => $"""SELECT identity.remove_user({who}, {session}) AS "Value" """);

    /// <summary>In the order in which they are offered.</summary>
    public static readonly IReadOnlyList<AccountAct> All = [EndSessions, ResetSecondFactor, Disable, Enable, Remove];
}
