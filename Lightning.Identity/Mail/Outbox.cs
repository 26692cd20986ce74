using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Outbox;
using Microsoft.AspNetCore.DataProtection;

namespace Lightning.Identity.Mail;

/// <summary>Mail that is to be sent, written in the transaction that decides it. Encrypted at rest: there are one-time links in it.</summary>
sealed class Outbox(IDataProtectionProvider protection, TimeProvider clock) : IDisposable
{
    readonly IDataProtector protector = protection.CreateProtector("Lightning.Identity.Mail");
    readonly SemaphoreSlim written = new(0, 1);

    /// <summary>Adds a mail to what the context will save.</summary>
    public void Add(LightningDb db, Message message) => db.Outbox.Add(new OutboxMessage
    {
        Kind = OutboxMessage.Mail,
        Payload = protector.Protect(JsonSerializer.SerializeToUtf8Bytes(message)),
        DueAt = clock.GetUtcNow(),
    });

    /// <summary>Opens a waiting mail.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The ring that encrypted it is lost.</exception>
    /// <exception cref="JsonException">It holds no mail.</exception>
    public Message Open(OutboxMessage message) => JsonSerializer.Deserialize<Message>(protector.Unprotect(message.Payload)) ?? throw new JsonException("It holds no mail.");

    /// <summary>Wakes the sender, once what was added has been committed.</summary>
    public void Wake()
    {
        // One signal is as good as many; two at once may both find the semaphore empty.
        lock (written)
            if (written.CurrentCount == 0) written.Release();
    }

    /// <summary>Waits until something was written here, or until it is time to look whether another replica left something.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(atMost, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await written.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time to look.
        }
    }

    public void Dispose() => written.Dispose();
}
