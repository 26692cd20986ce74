using Lightning.Data;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Polling;

/// <summary>
/// Processes outbox messages one by one, each in a transaction that locks it; replicas share the work.
/// </summary>
abstract class OutboxPollingService(IServiceScopeFactory scopes, TimeProvider clock) : PollingService
{
    protected static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    protected TimeProvider Clock { get; } = clock;

    /// <summary>The kinds of messages to process.</summary>
    protected abstract string[] Kinds { get; }

    /// <summary>Processes a message; the caller saves and commits.</summary>
    /// <returns>Whether the message is done and is deleted.</returns>
    protected abstract Task<bool> HandleAsync(
        IServiceProvider services,
        OutboxMessage message,
        CancellationToken cancellationToken
    );

    protected override Task WaitAsync(CancellationToken stoppingToken) =>
        Task.Delay(PollInterval, Clock, stoppingToken);

    /// <summary>Called after the transaction is committed.</summary>
    protected virtual void AfterCommit() { }

    /// <summary>
    /// Processes the message that is due first. Returns false if none is due that another replica has not locked.
    /// </summary>
    public override async Task<bool> ProcessNextAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (db, kinds, now) = (scope.ServiceProvider.GetRequiredService<LightningDb>(), Kinds, Clock.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var due = await db
            .Outbox.FromSql(
                $"""
                SELECT * FROM identity.outbox WHERE kind = ANY ({kinds}) AND due_at <= {now} AND failed_at IS NULL
                ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
                """
            )
            .ToListAsync(cancellationToken);
        if (due is not [var message])
            return false;
        if (await HandleAsync(scope.ServiceProvider, message, cancellationToken))
            db.Outbox.Remove(message);
        // Not cancelled: the message is processed even if the service stops now.
        await db.SaveChangesAsync(CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
        AfterCommit();
        return true;
    }
}
