using System.Globalization;
using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Lightning.Identity.Mail;

/// <summary>
/// Why a mail was not sent, in words for administrators. Never contains an exception's message: it can hold the
/// address.
/// </summary>
static class MailFailure
{
    /// <summary>The mail cannot be decrypted.</summary>
    public const string Unreadable = "It cannot be decrypted: its data protection key is missing.";

    /// <summary>Explains an exception for which <see cref="MailDelivery.IsFailure"/> holds.</summary>
    public static string Explain(Exception ex) =>
        ex switch
        {
            SmtpCommandException refused => string.Create(
                CultureInfo.InvariantCulture,
                $"The mail server refused {What(refused.ErrorCode)} with status {(int)refused.StatusCode}."
            ),
            AuthenticationException or ServiceNotAuthenticatedException =>
                "The mail server refused the credentials of Smtp:Uri.",
            SslHandshakeException or NotSupportedException =>
                "No encrypted connection to the mail server was possible.",
            SocketException or IOException => "The mail server could not be reached.",
            TimeoutException or OperationCanceledException => "The mail server did not answer in time.",
            _ => "The mail server did not speak SMTP.",
        };

    static string What(SmtpErrorCode code) =>
        code switch
        {
            SmtpErrorCode.RecipientNotAccepted => "the recipient",
            SmtpErrorCode.SenderNotAccepted => "the sender",
            _ => "the mail",
        };
}
