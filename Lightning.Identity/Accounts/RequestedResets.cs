using Lightning.Data;
using Lightning.Data.Outbox;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Mails a link for a new password to whom an administrator wants to have one. The admin site can ask for it and no more: the link is made here, and only
/// the owner of the mailbox sees it (ASVS 5.0, 6.4.6). And tells whom an administrator took the second factor away from (6.3.7).
/// </summary>
sealed partial class RequestedResets(IServiceScopeFactory scopes, TimeProvider clock, ILogger<RequestedResets> logger) : BackgroundService
{
    static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await AnswerNextAsync(stoppingToken))
                {
                }
            }
            catch (Exception fault) when (Problems.IsDatabaseAway(fault))
            {
                LogDatabaseAway(fault);
            }
            await Task.Delay(LookInterval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Answers the request that has waited longest, in one transaction; false where there is none that no other replica is at.</summary>
    public async Task<bool> AnswerNextAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (db, now) = (scope.ServiceProvider.GetRequiredService<LightningDb>(), clock.GetUtcNow());
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var due = await db.Outbox.FromSql($"""
            SELECT * FROM identity.outbox WHERE kind IN ({OutboxMessage.PasswordReset}, {OutboxMessage.SecondFactorReset}) AND due_at <= {now}
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
            """).ToListAsync(cancellationToken);
        if (due is not [var row]) return false;
        db.Outbox.Remove(row);
        var links = scope.ServiceProvider.GetRequiredService<LinkRequests>();
        var account = Guid.Parse(row.Recipient!);
        if (row.Kind == OutboxMessage.PasswordReset ? !await links.AddResetAsync(account, cancellationToken)
            : !await scope.ServiceProvider.GetRequiredService<AccountBook>().TellOfResetAsync(account, row.DueAt, cancellationToken)) LogNotSent(row.Recipient!);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        links.Wake();
        return true;
    }

    [LoggerMessage(EventId = 1401, Level = LogLevel.Warning, Message = "Account {AccountId} was mailed nothing of what an administrator asked for: it is gone, or has had its share of mails")]
    partial void LogNotSent(string accountId);

    [LoggerMessage(EventId = 1402, Level = LogLevel.Warning, Message = "What administrators asked for cannot be read; it will be tried again")]
    partial void LogDatabaseAway(Exception fault);
}
