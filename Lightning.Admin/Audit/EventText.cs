using System.Collections.Frozen;

namespace Lightning.Admin.Audit;

/// <summary>
/// Words for the names that are stored in the database: audit events, subject types and why sessions ended.
/// </summary>
static class EventText
{
    static readonly FrozenDictionary<string, string> Texts = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        // Sign-in and sessions.
        ["signed-in"] = "Signed in",
        ["sign-in-failed"] = "Sign-in failed",
        ["new-device"] = "Signed in on a new device",
        ["signed-out"] = "Signed out",
        ["sessions-ended"] = "Sessions ended by the user",
        ["ended-by-user"] = "Ended by the user",
        ["sessions-ended-by-admin"] = "Sessions ended by an administrator",
        ["ended-by-admin"] = "Ended by an administrator",
        ["sessions-ended-by-command"] = "Sessions ended on the command line",
        ["ended-by-command"] = "Ended on the command line",
        ["session-ended-by-provider"] = "Session ended by the sign-in provider",
        ["ended-by-provider"] = "Ended by the sign-in provider",
        ["sessions-evicted"] = "Oldest sessions ended: too many sessions",
        ["evicted"] = "Too many sessions",
        ["expired"] = "Expired",
        ["replaced"] = "Replaced by a new sign-in",
        ["refresh-refused"] = "The sign-in provider ended access",

        // Accounts.
        ["registered"] = "Account created",
        ["account-exported"] = "Account data downloaded",
        ["account-deleted"] = "Account deleted",
        ["account-disabled"] = "Account disabled",
        ["account-enabled"] = "Account enabled",
        ["password-changed"] = "Password changed",
        ["password-reset"] = "Password reset",
        ["password-reset-asked"] = "Password reset requested",
        ["address-change-asked"] = "Email address change requested",
        ["address-changed"] = "Email address changed",
        ["second-factor-on"] = "Authenticator app added",
        ["second-factor-off"] = "Authenticator app removed",
        ["second-factor-reset"] = "Second factor reset",
        ["recovery-codes-renewed"] = "New recovery codes created",
        ["recovery-code-used"] = "Recovery code used",
        ["passkey-added"] = "Passkey added",
        ["passkey-renamed"] = "Passkey renamed",
        ["name-changed"] = "Name changed",
        ["passkey-removed"] = "Passkey removed",
        ["login-added"] = "Sign-in provider added",
        ["login-removed"] = "Sign-in provider removed",

        // Impersonation.
        ["acting-asked"] = "Impersonation requested",
        ["acting-started"] = "Impersonation started",
        ["acting-refused"] = "Impersonation refused",
        ["acting-stopped"] = "Impersonation stopped",
        ["acting-ended"] = "Impersonation ended",
        ["administrator-left"] = "The administrator's session ended",
        ["right-lost"] = "Impersonation no longer allowed",

        // Tokens and keys.
        ["consent-given"] = "App allowed",
        ["refreshed"] = "Tokens refreshed",
        ["refresh-token-reused"] = "Refresh token used twice",
        ["refresh-token-reuse"] = "Refresh token used twice",
        ["code-reused"] = "Authorization code used twice",
        ["authorization-code-reuse"] = "Authorization code used twice",
        ["grant-revoked"] = "App access revoked",
        ["signing-key-made"] = "Signing key created",
        ["signing-key-rotation-asked"] = "Signing key rotation requested",
        ["signing-key-revoked"] = "Signing key revoked",

        // Other rows.
        ["exported"] = "List exported",
        ["message-sent-again"] = "Message sent again",
        ["note-share"] = "Share",
        ["deleted-note.deleted"] = "Note deleted permanently",
        ["everyone"] = "All users",
        ["client"] = "App",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The words of a name; an unlisted name is split into its words.</summary>
    /// <param name="name">The stored name, such as <c>acting-asked</c> or <c>note.updated</c>.</param>
    public static string Describe(string name)
    {
        if (Find(name) is { } text)
            return text;
        var dot = name.LastIndexOf('.');
        if (dot > 0)
            return $"{Describe(name[..dot])} {name[(dot + 1)..].Replace('-', ' ')}";
        var words = name.Replace('-', ' ').Replace('_', ' ');
        return words.Length == 0 ? words : char.ToUpperInvariant(words[0]) + words[1..];
    }

    /// <summary>The words of a listed name; null for any other.</summary>
    public static string? Find(string name) => Texts.GetValueOrDefault(name);
}
