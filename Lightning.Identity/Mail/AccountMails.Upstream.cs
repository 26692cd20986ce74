namespace Lightning.Identity.Mail;

static partial class AccountMails
{
    public static OutgoingMail ProveAddress(
        string to,
        string provider,
        string link,
        DateTimeOffset goodUntil,
        int minutes
    ) =>
        Compose(
            to,
            goodUntil,
            new(
                "Confirm your email address",
                $"Someone, probably you, asked to create an account with this address and sign in with {provider}.",
                ("Create the account", link),
                $"The link works once, within {minutes} minutes, in the browser where you started. If it was not "
                    + $"you, ignore this email: no account is created."
            )
        );

    public static OutgoingMail AlreadyRegisteredUpstream(
        string to,
        string provider,
        string signIn,
        DateTimeOffset goodUntil
    ) =>
        Compose(
            to,
            goodUntil,
            new(
                "You already have an account",
                $"Someone, probably you, asked to create an account with this address and sign in with {provider}. You "
                    + $"already have an account: sign in to it, then add {provider} under \"Ways to sign in\".",
                ("Sign in", signIn),
                "If this was not you, ignore this email."
            )
        );

    public static OutgoingMail LoginAdded(string to, string provider, string logins, DateTimeOffset goodUntil) =>
        Compose(
            to,
            goodUntil,
            new(
                $"You can now sign in with {provider}",
                $"You can now sign in to your account with {provider}.",
                ("Review your ways to sign in", logins),
                $"If this was not you, remove {provider} there and change your password now."
            )
        );

    public static OutgoingMail LoginRemoved(string to, string provider, string logins, DateTimeOffset goodUntil) =>
        Compose(
            to,
            goodUntil,
            new(
                $"You can no longer sign in with {provider}",
                $"You can no longer sign in to your account with {provider}.",
                ("Review your ways to sign in", logins),
                "If this was not you, change your password now."
            )
        );
}
