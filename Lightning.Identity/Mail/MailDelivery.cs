using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Lightning.Identity.Mail;

/// <summary>Sends a mail through the SMTP server of <c>Smtp:Uri</c>.</summary>
sealed class MailDelivery(IOptions<MailOptions> options, IOptions<ProviderOptions> provider, TimeProvider clock)
{
    const int SmtpPort = 25,
        SubmissionPort = 587,
        ImplicitTlsPort = 465;
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Sends a mail and returns after the server has accepted it.</summary>
    /// <param name="id">
    /// The id in the outbox. It becomes the Message-ID, so that a mail sent twice can be recognized.
    /// </param>
    /// <param name="message">The mail.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <exception cref="FormatException">The address is invalid.</exception>
    /// <remarks><see cref="IsFailure"/> recognizes its other exceptions.</remarks>
    public async Task SendAsync(Guid id, OutgoingMail message, CancellationToken cancellationToken)
    {
        using var mail = Compose(id, message);
        using var timeout = new CancellationTokenSource(Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var server = options.Value.Server!;
        // As HttpClient does: an offline network could not fetch revocation lists.
        using var client = new SmtpClient { CheckCertificateRevocation = false };
#pragma warning disable CA5359 // Opportunistic encryption (RFC 7435): smtp:// would use plain text otherwise.
        if (server.Scheme == "smtp")
            client.ServerCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        var (port, security) = Connection(server);
        await client.ConnectAsync(server.IdnHost, port, security, either.Token);
        if (server.UserInfo.Split(':', 2) is [{ Length: > 0 } user, var password])
            await client.AuthenticateAsync(
                Uri.UnescapeDataString(user),
                Uri.UnescapeDataString(password),
                either.Token
            );
        await client.SendAsync(mail, either.Token);
        // The mail is sent. MailKit ignores a failure of QUIT, so the mail is not sent twice.
        await client.DisconnectAsync(quit: true, either.Token);
    }

    /// <summary>Whether an exception means that the mail was not sent.</summary>
    public static bool IsFailure(Exception ex) =>
        ex
            is CommandException
                or ProtocolException
                or AuthenticationException
                or SslHandshakeException
                or ServiceNotAuthenticatedException
                or NotSupportedException
                or SocketException
                or IOException
                or TimeoutException
                or OperationCanceledException;

    /// <summary>The kind of a failure for the log, without the message, which can contain the address.</summary>
    public static string Describe(Exception ex) =>
        ex is SmtpCommandException refused ? $"{refused.ErrorCode} {(int)refused.StatusCode}" : ex.GetType().Name;

    /// <summary>The port and the encryption for a server URI (RFC 8314, 3.3; RFC 3207).</summary>
    internal static (int Port, SecureSocketOptions Security) Connection(Uri server) =>
        (server.Scheme, server.Port) switch
        {
            ("smtp", var port) => (port > 0 ? port : SmtpPort, SecureSocketOptions.StartTlsWhenAvailable),
            (_, ImplicitTlsPort) => (ImplicitTlsPort, SecureSocketOptions.SslOnConnect),
            (_, var port) => (port > 0 ? port : SubmissionPort, SecureSocketOptions.StartTls),
        };

    MimeMessage Compose(Guid id, OutgoingMail message)
    {
        var issuer = new Uri(provider.Value.Issuer);
        var from = MailboxAddress.Parse(options.Value.From ?? $"no-reply@{issuer.Host}");
        from.Name = "Lightning";
        var mail = new MimeMessage(
            [from],
            [MailboxAddress.Parse(message.To)],
            message.Subject,
            new BodyBuilder { TextBody = message.Text, HtmlBody = message.Html }.ToMessageBody()
        )
        {
            MessageId = $"{id:N}@{issuer.IdnHost}",
            Date = clock.GetUtcNow(),
        };
        // RFC 3834, 5: no out-of-office reply.
        mail.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return mail;
    }
}
