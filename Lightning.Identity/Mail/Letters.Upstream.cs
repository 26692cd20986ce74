namespace Lightning.Identity.Mail;

static partial class Letters
{
    public static Message ProveAddress(string to, string provider, string link, DateTimeOffset goodUntil, int minutes) => Compose(to, "Confirm your email address", goodUntil,
        $"Somebody, most likely you, wants to create an account with this address and sign in with {provider}.",
        ("Create the account", link),
        $"The link works once, within {minutes} minutes, in the browser that asked for it. If it was not you, do nothing: without the link there is no account.");

    public static Message AlreadyRegisteredUpstream(string to, string provider, string signIn, DateTimeOffset goodUntil) => Compose(to, "You already have an account", goodUntil,
        $"Somebody, most likely you, wanted to create an account with this address and sign in with {provider}. There is one already: sign in to it, then add {provider} under \"Ways to sign in\".",
        ("Sign in", signIn),
        "If it was not you, do nothing.");

    public static Message LoginAdded(string to, string provider, string logins, DateTimeOffset goodUntil) => Compose(to, $"{provider} can now sign you in", goodUntil,
        $"Your account can now be signed in to with {provider}.",
        ("See your ways to sign in", logins),
        $"If it was not you, remove {provider} there at once and choose a new password.");

    public static Message LoginRemoved(string to, string provider, string logins, DateTimeOffset goodUntil) => Compose(to, $"{provider} can no longer sign you in", goodUntil,
        $"Your account can no longer be signed in to with {provider}.",
        ("See your ways to sign in", logins),
        "If it was not you, choose a new password at once.");
}
