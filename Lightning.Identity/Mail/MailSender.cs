using System.Security.Cryptography;
using System.Text.Json;
using Lightning.Identity.Polling;
using Lightning.Sessions.Model;

namespace Lightning.Identity.Mail;

/// <summary>
/// Sends the mails in the outbox. A mail can be sent twice if the server accepted it and the response was lost. A mail
/// that cannot be sent stays as failed, so that administrators see it.
/// </summary>
sealed partial class MailSender(
    IServiceScopeFactory scopes,
    MailOutbox outbox,
    MailDelivery delivery,
    TimeProvider clock,
    ILogger<MailSender> logger
) : OutboxPollingService(scopes, clock)
{
    static readonly TimeSpan MaxBackOff = TimeSpan.FromMinutes(2);

    protected override string[] Kinds => [OutboxMessage.Mail];

    protected override void LogDatabaseAway(Exception ex) => LogUnavailable(ex);

    protected override Task WaitAsync(CancellationToken stoppingToken) => outbox.WaitAsync(PollInterval, stoppingToken);

    protected override async Task<bool> HandleAsync(
        IServiceProvider services,
        OutboxMessage message,
        CancellationToken cancellationToken
    )
    {
        var now = Clock.GetUtcNow();
        var (outcome, error) = await TryAsync(message, cancellationToken);
        message.LastError = error ?? message.LastError;
        switch (outcome)
        {
            case Outcome.Failed:
                message.FailedAt = now;
                return false;
            case Outcome.Retry:
                Postpone(message, now);
                return false;
            default:
                return true;
        }
    }

    static void Postpone(OutboxMessage row, DateTimeOffset now)
    {
        row.Attempts++;
        var backOff = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(row.Attempts, 10)));
        row.DueAt = now + (backOff < MaxBackOff ? backOff : MaxBackOff);
    }

    enum Outcome
    {
        /// <summary>It was sent.</summary>
        Done,

        /// <summary>Try again later.</summary>
        Retry,

        /// <summary>No further attempt can succeed: it cannot be decrypted, or its links have expired.</summary>
        Failed,
    }

    async Task<(Outcome Outcome, string? Error)> TryAsync(OutboxMessage row, CancellationToken cancellationToken)
    {
        try
        {
            var message = outbox.Decrypt(row);
            if (message.GoodUntil <= Clock.GetUtcNow())
            {
                LogGivenUp(row.Id, row.Attempts);
                return (Outcome.Failed, row.LastError ?? "It was not sent before its links expired.");
            }
            await delivery.SendAsync(row.Id, message, cancellationToken);
            LogSent(row.Id);
            return (Outcome.Done, null);
        }
        catch (Exception ex) when (ex is CryptographicException or JsonException or FormatException)
        {
            // One such mail must not stop the others. Log only the exception type: its message can contain the mail.
            LogUnreadable(row.Id, ex.GetType().Name);
            return (Outcome.Failed, MailFailure.Unreadable);
        }
        catch (Exception ex) when (MailDelivery.IsFailure(ex) && !IsStopping(ex, cancellationToken))
        {
            LogNotSent(row.Id, row.Attempts + 1, MailDelivery.Describe(ex));
            return (Outcome.Retry, MailFailure.Explain(ex));
        }
    }

    static bool IsStopping(Exception ex, CancellationToken cancellationToken) =>
        ex is OperationCanceledException && cancellationToken.IsCancellationRequested;

    [LoggerMessage(EventId = 1101, Level = LogLevel.Information, Message = "Mail {MailId} was sent")]
    partial void LogSent(Guid mailId);

    [LoggerMessage(
        EventId = 1102,
        Level = LogLevel.Warning,
        Message = "Mail {MailId} was not sent at attempt {Attempt} ({Status}); retrying later; "
            + "check Smtp:Uri if this continues"
    )]
    partial void LogNotSent(Guid mailId, int attempt, string status);

    [LoggerMessage(
        EventId = 1103,
        Level = LogLevel.Error,
        Message = "Mail {MailId} was given up after {Attempts} attempts because its links have expired"
    )]
    partial void LogGivenUp(Guid mailId, int attempts);

    [LoggerMessage(
        EventId = 1104,
        Level = LogLevel.Error,
        Message = "Mail {MailId} cannot be decrypted ({ExceptionType}) and is kept as failed: check whether the data "
            + "protection key that encrypted it is missing"
    )]
    partial void LogUnreadable(Guid mailId, string exceptionType);

    [LoggerMessage(
        EventId = 1105,
        Level = LogLevel.Warning,
        Message = "The outbox cannot be read because the database is unavailable; retrying later"
    )]
    partial void LogUnavailable(Exception ex);
}
