using Lightning.ServiceDefaults;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.Outbox;

/// <summary>
/// Sends outbox messages with retries. A message is claimed for longer than an attempt takes, so no database connection
/// is held while it is sent and replicas share the work. Delivery is at least once. Http.Resilience is not used: its
/// retries do not survive a restart.
/// </summary>
public sealed partial class OutboxQueue(IServiceScopeFactory scopes, TimeProvider clock, ILogger<OutboxQueue> logger)
{
    /// <summary>Attempts until a message has failed, after about a day.</summary>
    const int MaxAttempts = 150;

    const int BatchSize = 20;

    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long a failed message is kept, unless the sender's service has a retention of its own.</summary>
    static readonly TimeSpan FailedLifetime = TimeSpan.FromDays(30);

    /// <summary>Sends due messages until the service stops.</summary>
    /// <param name="kind">The kind of the messages.</param>
    /// <param name="recipient">The recipient; each has a loop of its own, so one that is down delays no other.</param>
    /// <param name="send">Makes one attempt; null if the message is done, otherwise why it failed.</param>
    /// <param name="giveUp">Called for a message with too many attempts, which then stays as failed.</param>
    /// <param name="stopping">Signals that the service stops.</param>
    public async Task SendAsync(
        string kind,
        string recipient,
        Func<OutboxMessage, CancellationToken, Task<string?>> send,
        Action<OutboxMessage> giveUp,
        CancellationToken stopping
    )
    {
        ArgumentNullException.ThrowIfNull(send);
        ArgumentNullException.ThrowIfNull(giveUp);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                while (await ClaimAsync(kind, recipient, stopping) is { Count: > 0 } due)
                    await Task.WhenAll(due.Select(TryAsync));
            }
            catch (Exception ex) when (Problems.IsDatabaseUnavailable(ex))
            {
                LogDatabaseUnavailable(ex);
            }
            await Task.Delay(PollInterval, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task TryAsync(OutboxMessage message)
        {
            if (message.Attempts > MaxAttempts)
            {
                giveUp(message);
                await FailAsync(message);
            }
            else if (await send(message, stopping) is { } error)
                await RecordAsync(message, error);
            else
                await RemoveAsync(message);
        }
    }

    /// <summary>
    /// Claims due messages by moving their due time to the next attempt: after ten seconds, then twice as long each
    /// time, up to ten minutes.
    /// </summary>
    async Task<List<OutboxMessage>> ClaimAsync(string kind, string recipient, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = clock.GetUtcNow();
        return await scope
            .ServiceProvider.GetRequiredService<ISessionContext>()
            .Outbox.FromSql(
                $"""
                UPDATE identity.outbox SET attempts = attempts + 1, due_at = {now} + least(interval '10 minutes',
                    interval '10 seconds' * power(2, least(attempts, 10)))
                WHERE id IN (
                    SELECT id FROM identity.outbox WHERE kind = {kind} AND recipient = {recipient} AND due_at <= {now}
                        AND failed_at IS NULL
                    ORDER BY due_at LIMIT {BatchSize} FOR UPDATE SKIP LOCKED)
                RETURNING *
                """
            )
            .AsNoTracking()
            .ToListAsync(cancellationToken);
    }

    /// <summary>Records why an attempt failed.</summary>
    async Task RecordAsync(OutboxMessage message, string error)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope
            .ServiceProvider.GetRequiredService<ISessionContext>()
            .Outbox.Where(row => row.Id == message.Id)
            .ExecuteUpdateAsync(row => row.SetProperty(one => one.LastError, error), CancellationToken.None);
    }

    /// <summary>Keeps a message as failed, and deletes those that failed long ago.</summary>
    async Task FailAsync(OutboxMessage message)
    {
        await using var scope = scopes.CreateAsyncScope();
        var outbox = scope.ServiceProvider.GetRequiredService<ISessionContext>().Outbox;
        var now = clock.GetUtcNow();
        await outbox
            .Where(row => row.Id == message.Id)
            .ExecuteUpdateAsync(row => row.SetProperty(one => one.FailedAt, now), CancellationToken.None);
        await outbox
            .Where(row => row.Kind == message.Kind && row.FailedAt < now - FailedLifetime)
            .ExecuteDeleteAsync(CancellationToken.None);
    }

    /// <summary>Deletes a sent message; not cancelled, because it would be sent again.</summary>
    async Task RemoveAsync(OutboxMessage message)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope
            .ServiceProvider.GetRequiredService<ISessionContext>()
            .Outbox.Where(row => row.Id == message.Id)
            .ExecuteDeleteAsync(CancellationToken.None);
    }

    [LoggerMessage(1, LogLevel.Warning, "The outbox cannot be read; retrying")]
    partial void LogDatabaseUnavailable(Exception ex);
}
