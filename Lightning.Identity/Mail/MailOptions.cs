using Microsoft.Extensions.Options;
using MimeKit;

namespace Lightning.Identity.Mail;

/// <summary>The section <c>Smtp</c>: where mail is handed over.</summary>
sealed record MailOptions
{
    /// <summary>
    /// <c>smtp://[user:password@]host[:port]</c>, port 25 by default, encrypted where the server offers STARTTLS; or
    /// <c>smtps://…</c> to insist on encryption: by STARTTLS, port 587 by default, or from the first byte on port 465.
    /// Holds a password: never printed.
    /// </summary>
    public string? Uri { get; init; }

    /// <summary>The sender; by default no-reply at the issuer's host.</summary>
    public string? From { get; init; }

    /// <summary>The section's name alone: a record would print its password.</summary>
    public override string ToString() => "Smtp";

    /// <summary>The server's address; null where it cannot be read.</summary>
    public Uri? Server =>
        System.Uri.TryCreate(Uri, UriKind.Absolute, out var server) && server.Scheme is "smtp" or "smtps" && server.Host.Length > 0 ? server : null;
}

/// <summary>Checks <see cref="MailOptions"/> at start.</summary>
sealed class MailOptionsValidation(IHostEnvironment environment) : IValidateOptions<MailOptions>
{
    public ValidateOptionsResult Validate(string? name, MailOptions options)
    {
        var sentences = new List<string>();
        if (string.IsNullOrEmpty(options.Uri)) sentences.Add("Smtp:Uri is not set: give the mail server to hand mail to, such as smtp://localhost:5106.");
        else if (options.Server is null) sentences.Add("Smtp:Uri cannot be read: write it like smtp://user:password@mail.example.com:587, or smtps://… to insist on encryption.");
        // A password that crosses a network in the clear is everybody's.
        else if (environment.IsProduction() && options.Server is { Scheme: "smtp", IsLoopback: false, UserInfo.Length: > 0 })
            sentences.Add("Smtp:Uri sends a password to another host without encryption: write smtps:// instead of smtp://.");
        if (options.From is { } from && (!MailboxAddress.TryParse(from, out var sender) || sender.Domain.Length == 0))
            sentences.Add("Smtp:From is no mail address: write it like no-reply@example.com.");
        return sentences.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(sentences);
    }
}
