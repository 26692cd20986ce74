using System.Text.Json;
using Lightning.Data;
using Lightning.Sessions.Model;
using Microsoft.AspNetCore.DataProtection;

namespace Lightning.Identity.Mail;

/// <summary>
/// Adds mails to the outbox in the caller's transaction. They are encrypted, because they contain one-time links.
/// </summary>
sealed class MailOutbox(IDataProtectionProvider protection, TimeProvider clock) : IDisposable
{
    readonly IDataProtector protector = protection.CreateProtector("Lightning.Identity.Mail");
    readonly SemaphoreSlim mailAdded = new(0, 1);

    /// <summary>Adds a mail to the context.</summary>
    public void Add(LightningDb db, OutgoingMail message) =>
        db.Outbox.Add(
            new OutboxMessage
            {
                Kind = OutboxMessage.Mail,
                Payload = protector.Protect(JsonSerializer.SerializeToUtf8Bytes(message)),
                DueAt = clock.GetUtcNow(),
                ExpiresAt = message.GoodUntil,
            }
        );

    /// <summary>Decrypts a mail.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">
    /// The data protection key is missing.
    /// </exception>
    /// <exception cref="JsonException">The payload is not a mail.</exception>
    public OutgoingMail Decrypt(OutboxMessage message) =>
        JsonSerializer.Deserialize<OutgoingMail>(protector.Unprotect(message.Payload))
        ?? throw new JsonException("The payload is not a mail.");

    /// <summary>Wakes the sender. Call it after the transaction is committed.</summary>
    public void Wake()
    {
        // One signal is enough. The lock prevents two threads from releasing at the same time.
        lock (mailAdded)
            if (mailAdded.CurrentCount == 0)
                mailAdded.Release();
    }

    /// <summary>Waits for a mail from this replica, or until it is time to poll for mails of other replicas.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(atMost, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await mailAdded.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time to poll.
        }
    }

    public void Dispose() => mailAdded.Dispose();
}
