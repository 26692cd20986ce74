using Microsoft.Extensions.Options;
using MimeKit;

namespace Lightning.Identity.Mail;

/// <summary>The configuration section <c>Smtp</c>.</summary>
sealed record MailOptions
{
    /// <summary>
    /// <c>smtp://[user:password@]host[:port]</c> (default port 25) uses STARTTLS if the server offers it;
    /// <c>smtps://…</c> requires encryption, with STARTTLS (default port 587) or implicit TLS (port 465). Contains a
    /// password: never log it.
    /// </summary>
    public string? Uri { get; init; }

    /// <summary>The sender; default no-reply at the issuer's host.</summary>
    public string? From { get; init; }

    /// <summary>Without the password, which a record would print.</summary>
    public override string ToString() => "Smtp";

    /// <summary>The parsed <see cref="Uri"/>; null if it is invalid.</summary>
    public Uri? Server =>
        System.Uri.TryCreate(Uri, UriKind.Absolute, out var server)
        && server.Scheme is "smtp" or "smtps"
        && server.Host.Length > 0
            ? server
            : null;
}

/// <summary>Validates <see cref="MailOptions"/> at startup.</summary>
sealed class MailOptionsValidation(IHostEnvironment environment) : IValidateOptions<MailOptions>
{
    public ValidateOptionsResult Validate(string? name, MailOptions options)
    {
        var sentences = new List<string>();
        if (string.IsNullOrEmpty(options.Uri))
            sentences.Add("Smtp:Uri is not set: set it to the mail server, such as smtp://localhost:5106.");
        else if (options.Server is null)
            sentences.Add(
                "Smtp:Uri is invalid: write it like smtp://user:password@mail.example.com:587, or smtps://… to "
                    + "require encryption."
            );
        // Do not send a password unencrypted over a network.
        else if (
            environment.IsProduction() && options.Server is { Scheme: "smtp", IsLoopback: false, UserInfo.Length: > 0 }
        )
            sentences.Add(
                "Smtp:Uri sends a password to another host without encryption: write smtps:// instead of smtp://."
            );
        if (options.From is { } from && (!MailboxAddress.TryParse(from, out var sender) || sender.Domain.Length == 0))
            sentences.Add("Smtp:From is not an email address: write it like no-reply@example.com.");
        return sentences.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(sentences);
    }
}
