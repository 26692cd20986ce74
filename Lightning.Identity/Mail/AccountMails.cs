using System.Globalization;

namespace Lightning.Identity.Mail;

/// <summary>
/// The mails to account owners. They contain no user input such as names, because anyone can request a mail to any
/// address.
/// </summary>
static partial class AccountMails
{
    public static OutgoingMail ConfirmAddress(string to, string link, DateTimeOffset goodUntil, int minutes) =>
        Compose(
            to,
            goodUntil,
            new(
                "Confirm your email address",
                "Someone, probably you, asked to create an account with this address.",
                ("Choose a password", link),
                $"The link works once, within {minutes} minutes. If this was not you, ignore this email: no account is "
                    + $"created."
            )
        );

    public static OutgoingMail AlreadyRegistered(
        string to,
        string resetLink,
        string signIn,
        DateTimeOffset goodUntil,
        int minutes
    ) =>
        Compose(
            to,
            goodUntil,
            new(
                "You already have an account",
                $"Someone, probably you, asked to create an account with this address. You already have an account: "
                    + $"sign in at {signIn}",
                ("Choose a new password", resetLink),
                $"If you forgot your password, use the link: it works once, within {minutes} minutes. If it was not "
                    + $"you, ignore this email."
            )
        );

    public static OutgoingMail ResetPassword(string to, string link, DateTimeOffset goodUntil, int minutes) =>
        Compose(
            to,
            goodUntil,
            new(
                "Choose a new password",
                "Someone, probably you, asked to reset the password of your account.",
                ("Choose a new password", link),
                $"The link works once, within {minutes} minutes, and signs out your other devices. "
                    + $"If this was not you, ignore this email: your password does not change."
            )
        );

    public static OutgoingMail ResetAskedFor(string to, string link, DateTimeOffset goodUntil, int minutes) =>
        Compose(
            to,
            goodUntil,
            new(
                "Please choose a new password",
                "An administrator asked you to choose a new password for your account. They can neither see it nor "
                    + "choose it for you.",
                ("Choose a new password", link),
                $"The link works once, within {minutes} minutes, and signs out your other devices. If it has expired, "
                    + $"use \"Forgot your password?\" on the sign-in page. Until then your password does not change."
            )
        );

    public static OutgoingMail NoAccount(string to, string register, DateTimeOffset goodUntil) =>
        Compose(
            to,
            goodUntil,
            new(
                "There is no account with this address",
                "Someone, probably you, asked to reset the password for this address, but it has no account. Perhaps "
                    + "you used another address.",
                ("Create an account", register),
                "If this was not you, ignore this email."
            )
        );

    public static OutgoingMail ConfirmNewAddress(string to, string link, DateTimeOffset goodUntil, int minutes) =>
        Compose(
            to,
            goodUntil,
            new(
                "Confirm your new email address",
                "Someone, probably you, asked to use this address for their account.",
                ("Use this address", link),
                $"The link works once, within {minutes} minutes, in the browser where you are signed in. If it was not "
                    + $"you, ignore this email."
            )
        );

    public static OutgoingMail AddressIsTaken(string to, string signIn, DateTimeOffset goodUntil) =>
        Compose(
            to,
            goodUntil,
            new(
                "This address already has an account",
                "Someone, probably you, asked to use this address for another account. It already has an account, so "
                    + "nothing was changed.",
                ("Sign in", signIn),
                "If this was not you, ignore this email."
            )
        );

    /// <summary>
    /// A notice that an account was changed. The device description comes from a fixed list, not from user input.
    /// </summary>
    public static OutgoingMail Notice(string to, AccountNotice notice, string accountPage, DateTimeOffset goodUntil) =>
        Compose(
            to,
            goodUntil,
            new(
                notice.Subject,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{notice.Text} Time: {notice.At:HH:mm} UTC on {notice.At:d MMMM yyyy}. Device: {notice.Device}."
                ),
                ("Review your account", accountPage),
                "If this was you, you can ignore this email. If not, change your password now: that signs "
                    + "out all other devices."
            )
        );

    /// <summary>A notice that an administrator removed the account's second factor.</summary>
    public static OutgoingMail SecondFactorReset(
        string to,
        DateTimeOffset at,
        string accountPage,
        DateTimeOffset goodUntil
    ) =>
        Compose(
            to,
            goodUntil,
            new(
                "Your second factor was reset",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"An administrator removed the authenticator app, the recovery codes and the passkeys of your "
                        + $"account at {at:HH:mm} UTC on {at:d MMMM yyyy}. You were signed out "
                        + $"everywhere, and you now sign in with your password alone."
                ),
                ("Set up a second factor", accountPage),
                "If you asked for this, sign in and set up a new one. If not, change your password now and contact "
                    + "support."
            )
        );

    static OutgoingMail Compose(string to, DateTimeOffset goodUntil, MailContent content) => content.To(to, goodUntil);
}

/// <summary>A change of an account that its owner is notified of.</summary>
/// <param name="Subject">The mail's subject.</param>
/// <param name="Text">What happened, as a sentence.</param>
/// <param name="Device">The device that made the change.</param>
/// <param name="At">When it happened (UTC).</param>
sealed record AccountNotice(string Subject, string Text, string Device, DateTimeOffset At);
