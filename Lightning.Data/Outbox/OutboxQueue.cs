using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lightning.Data.Outbox;

/// <summary>
/// Messages to parties that may be away: claimed for longer than a try takes, so that no connection is held meanwhile and replicas share the work;
/// told once, or again where the answer was lost. Not by Http.Resilience, whose retries a restart would forget.
/// </summary>
public sealed partial class OutboxQueue(IServiceScopeFactory scopes, TimeProvider clock, ILogger<OutboxQueue> logger)
{
    /// <summary>After so many tries, about a day, a message is given up.</summary>
    const int MostAttempts = 150;

    const int AtOnce = 20;

    static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>Has what falls due sent, until the service stops.</summary>
    /// <param name="kind">Of which kind.</param>
    /// <param name="recipient">For whom; each has a pace of its own, so that one that is away delays nobody else.</param>
    /// <param name="send">Makes one try. True where there is to be no other.</param>
    /// <param name="giveUp">Says that there were too many.</param>
    /// <param name="stopping">The service's end.</param>
    public async Task SendAsync(string kind, string recipient, Func<OutboxMessage, CancellationToken, Task<bool>> send, Action<OutboxMessage> giveUp, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(send);
        ArgumentNullException.ThrowIfNull(giveUp);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                while (await ClaimAsync(kind, recipient, stopping) is { Count: > 0 } due) await Task.WhenAll(due.Select(TryAsync));
            }
            catch (Exception fault) when (Problems.IsDatabaseAway(fault))
            {
                LogDatabaseAway(fault);
            }
            await Task.Delay(LookInterval, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task TryAsync(OutboxMessage message)
        {
            if (message.Attempts > MostAttempts) giveUp(message);
            else if (!await send(message, stopping)) return;
            await RemoveAsync(message);
        }
    }

    /// <summary>What is due, put off to the next attempt before this one is made: ten seconds after the first, then twice as long each time, up to ten minutes.</summary>
    async Task<List<OutboxMessage>> ClaimAsync(string kind, string recipient, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = clock.GetUtcNow();
        return await scope.ServiceProvider.GetRequiredService<LightningDb>().Outbox.FromSql($"""
            UPDATE identity.outbox SET attempts = attempts + 1, due_at = {now} + least(interval '10 minutes', interval '10 seconds' * power(2, least(attempts, 10)))
            WHERE id IN (
                SELECT id FROM identity.outbox WHERE kind = {kind} AND recipient = {recipient} AND due_at <= {now}
                ORDER BY due_at LIMIT {AtOnce} FOR UPDATE SKIP LOCKED)
            RETURNING *
            """).AsNoTracking().ToListAsync(cancellationToken);
    }

    /// <summary>Takes away what was told. Not cancelled: told is told, even while the service stops.</summary>
    async Task RemoveAsync(OutboxMessage message)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<LightningDb>().Outbox.Where(row => row.Id == message.Id).ExecuteDeleteAsync(CancellationToken.None);
    }

    [LoggerMessage(1, LogLevel.Warning, "The outbox cannot be read; it will be tried again")]
    partial void LogDatabaseAway(Exception fault);
}
