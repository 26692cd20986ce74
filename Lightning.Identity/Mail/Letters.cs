using System.Globalization;
using System.Text.Encodings.Web;

namespace Lightning.Identity.Mail;

/// <summary>
/// The mails that this service writes. They hold nothing that a stranger typed, names included: anybody can ask for a mail to anybody's address.
/// </summary>
static partial class Letters
{
    public static Message ConfirmAddress(string to, string link, DateTimeOffset goodUntil, int minutes) => Compose(to, "Confirm your email address", goodUntil,
        "Somebody, most likely you, wants to create an account with this address.",
        ("Choose a password", link),
        $"The link works once, within {minutes} minutes. If it was not you, do nothing: without the link there is no account.");

    public static Message AlreadyRegistered(string to, string resetLink, string signIn, DateTimeOffset goodUntil, int minutes) => Compose(to, "You already have an account", goodUntil,
        $"Somebody, most likely you, wanted to create an account with this address. There is one already: sign in at {signIn}",
        ("Choose a new password", resetLink),
        $"Should you have forgotten your password, the link works once, within {minutes} minutes. If it was not you, do nothing.");

    public static Message ResetPassword(string to, string link, DateTimeOffset goodUntil, int minutes) => Compose(to, "Choose a new password", goodUntil,
        "Somebody, most likely you, has forgotten the password of the account with this address.",
        ("Choose a new password", link),
        $"The link works once, within {minutes} minutes, and signs your other devices out. If it was not you, do nothing: your password stays as it is.");

    public static Message ResetAskedFor(string to, string link, DateTimeOffset goodUntil, int minutes) => Compose(to, "Please choose a new password", goodUntil,
        "An administrator asks you to choose a new password for the account with this address. They cannot see it, nor choose one for you.",
        ("Choose a new password", link),
        $"The link works once, within {minutes} minutes, and signs your other devices out. Should it have ended, use \"Forgot your password?\" where you sign in. Until then your password stays as it is.");

    public static Message NoAccount(string to, string register, DateTimeOffset goodUntil) => Compose(to, "There is no account with this address", goodUntil,
        "Somebody, most likely you, wanted to choose a new password for an account with this address. There is none; perhaps you used another address.",
        ("Create an account", register),
        "If it was not you, do nothing.");

    public static Message ConfirmNewAddress(string to, string link, DateTimeOffset goodUntil, int minutes) => Compose(to, "Confirm your new email address", goodUntil,
        "Somebody, most likely you, wants to use this address for their account.",
        ("Use this address", link),
        $"The link works once, within {minutes} minutes, in the browser in which it was asked for. If it was not you, do nothing.");

    public static Message AddressIsTaken(string to, string signIn, DateTimeOffset goodUntil) => Compose(to, "This address has an account already", goodUntil,
        "Somebody, most likely you, wanted to use this address for another account. It has an account of its own, so nothing was changed.",
        ("Sign in", signIn),
        "If it was not you, do nothing.");

    /// <summary>That something happened to an account. The device is named from a list of ours.</summary>
    public static Message Notice(string to, string subject, string what, string device, DateTimeOffset at, string accountPage, DateTimeOffset goodUntil) => Compose(to, subject, goodUntil,
        string.Create(CultureInfo.InvariantCulture, $"{what} It was done at {at:HH:mm} UTC on {at:d MMMM yyyy}, from: {device}."),
        ("See your account", accountPage),
        "If it was you, there is nothing to do. If not, choose a new password at once: that signs everybody else out.");

    /// <summary>That an administrator did what its owner usually does.</summary>
    public static Message SecondFactorReset(string to, DateTimeOffset at, string accountPage, DateTimeOffset goodUntil) => Compose(to, "Your second factor was reset", goodUntil,
        string.Create(CultureInfo.InvariantCulture,
            $"An administrator removed the authenticator app, the recovery codes and the passkeys of your account, at {at:HH:mm} UTC on {at:d MMMM yyyy}. You are signed out everywhere, and your password alone now signs in."),
        ("Set up a second factor", accountPage),
        "If you asked for it, sign in and set a new one up. If not, choose a new password at once and tell whoever runs this service.");

    static Message Compose(string to, string subject, DateTimeOffset goodUntil, string what, (string Label, string Link) action, string note)
    {
        Func<string, string> encode = HtmlEncoder.Default.Encode;
        var text = $"{what}\n\n{action.Label}:\n{action.Link}\n\n{note}\n\nLightning\n";
        // Mail programs know no style sheets: the little that is needed stands in the elements.
        var html = $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>{encode(subject)}</title></head>
            <body style="margin:0;padding:32px 16px;background:#f3f4f7;color:#12161d;font:16px/1.55 system-ui,sans-serif">
            <div style="max-width:480px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #d8dce3;border-radius:16px">
            <h1 style="margin:0 0 12px;font-size:24px;line-height:1.2">{encode(subject)}</h1>
            <p>{encode(what)}</p>
            <p style="margin:24px 0"><a href="{encode(action.Link)}" style="display:inline-block;padding:12px 18px;background:#ffcf33;color:#12161d;border-radius:10px;font-weight:600;text-decoration:none">{encode(action.Label)}</a></p>
            <p style="margin-bottom:0;font-size:14px;color:#4b5463">{encode(note)}</p>
            </div></body></html>
            """;
        return new Message(to, subject, text, html, goodUntil);
    }
}
