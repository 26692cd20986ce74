using System.Security.Cryptography;
using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Outbox;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Mail;

/// <summary>Sends what waits in the outbox, one mail at a time; replicas share the work. A mail goes out once, or once more where the server took it and the answer was lost.</summary>
sealed partial class MailSender(
    IServiceScopeFactory scopes, Outbox outbox, MailDelivery delivery, TimeProvider clock, ILogger<MailSender> logger)
    : BackgroundService
{
    static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);
    static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await SendNextAsync(stoppingToken))
                {
                }
            }
            catch (Exception fault) when (Problems.IsDatabaseAway(fault))
            {
                LogDatabaseAway(fault);
            }
            await outbox.WaitAsync(LookInterval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Sends the mail that is due first; false where none is.</summary>
    async Task<bool> SendNextAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var due = await db.Outbox.FromSql($"""
            SELECT * FROM identity.outbox WHERE kind = {OutboxMessage.Mail} AND due_at <= {now}
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
            """).ToListAsync(cancellationToken);
        if (due is not [var row]) return false;

        switch (await TryAsync(row, cancellationToken))
        {
            case Outcome.Done:
                db.Outbox.Remove(row);
                break;
            case Outcome.Unreadable:
                // Kept, because a lost ring may be found again; out of the way, because until then no attempt can succeed.
                row.Kind = OutboxMessage.UnreadableMail;
                break;
            case Outcome.Later:
                PutOff(row, now);
                break;
        }
        // Sent is sent: the row goes even while the service stops.
        await db.SaveChangesAsync(CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        return true;
    }

    static void PutOff(OutboxMessage row, DateTimeOffset now)
    {
        row.Attempts++;
        var backOff = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(row.Attempts, 10)));
        row.DueAt = now + (backOff < LongestBackOff ? backOff : LongestBackOff);
    }

    enum Outcome
    {
        /// <summary>It was sent, or is not worth another attempt.</summary>
        Done,

        /// <summary>It may be sent later.</summary>
        Later,

        /// <summary>It cannot be opened.</summary>
        Unreadable,
    }

    async Task<Outcome> TryAsync(OutboxMessage row, CancellationToken cancellationToken)
    {
        try
        {
            var message = outbox.Open(row);
            if (message.GoodUntil <= clock.GetUtcNow())
            {
                LogGivenUp(row.Id, row.Attempts);
                return Outcome.Done;
            }
            await delivery.SendAsync(row.Id, message, cancellationToken);
            LogSent(row.Id);
            return Outcome.Done;
        }
        catch (Exception fault) when (fault is CryptographicException or JsonException or FormatException)
        {
            // One such mail must not keep the others waiting, nor stop the service. Only the kind is logged: a text may quote the mail.
            LogUnreadable(row.Id, fault.GetType().Name);
            return Outcome.Unreadable;
        }
        catch (Exception ex) when (MailDelivery.IsFailure(ex) && !IsStopping(ex, cancellationToken))
        {
            LogNotSent(row.Id, row.Attempts + 1, MailDelivery.Describe(ex));
            return Outcome.Later;
        }
    }

    static bool IsStopping(Exception ex, CancellationToken cancellationToken) =>
        ex is OperationCanceledException && cancellationToken.IsCancellationRequested;

    [LoggerMessage(EventId = 1101, Level = LogLevel.Information, Message = "Mail {MailId} was sent")]
    partial void LogSent(Guid mailId);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Warning, Message =
        "Mail {MailId} was not sent at attempt {Attempt} ({Status}) and will be tried again; "
        + "check Smtp:Uri if this goes on")]
    partial void LogNotSent(Guid mailId, int attempt, string status);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Error, Message = "Mail {MailId} was given up after {Attempts} attempts: its links have ended")]
    partial void LogGivenUp(Guid mailId, int attempts);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Error,
        Message = "Mail {MailId} cannot be opened ({Fault}) and was set aside as 'mail-unreadable': was the data-protection ring that encrypted it lost?")]
    partial void LogUnreadable(Guid mailId, string fault);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Warning, Message = "The outbox cannot be read; it will be tried again")]
    partial void LogDatabaseAway(Exception fault);
}
