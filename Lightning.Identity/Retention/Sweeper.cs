using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Retention;

/// <summary>
/// Removes what has ended and means nothing any more, in small batches that wait for nobody; replicas share the work, and whoever signs in meanwhile does not notice.
/// The book of what was done refers to sessions by their ids alone, and stays, but for what there is much of: refreshes and failed sign-ins.
/// </summary>
sealed partial class Sweeper(IServiceScopeFactory scopes, IOptions<RetentionOptions> options, TimeProvider clock, ILogger<Sweeper> logger) : BackgroundService
{
    static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);
    const int Batch = 1000;

    /// <summary>
    /// What goes, each by an index. An hour's grace covers clocks that differ. A spent refresh token is remembered to its own end: until then its reuse ends the session.
    /// </summary>
    (string Table, string Condition, TimeSpan Kept)[] Rules =>
    [
        ("identity.authorizations", "expires_at < {0}", TimeSpan.FromHours(1)),
        ("identity.refresh_tokens", "expires_at < {0}", TimeSpan.FromHours(1)),
        ("identity.seen_tokens", "expires_at < {0}", TimeSpan.FromHours(1)),
        ("identity.account_links", "expires_at < {0}", TimeSpan.FromDays(1)),
        ("identity.attempts", "full_at < {0}", TimeSpan.FromHours(1)),
        ("identity.handovers", "created_at < {0}", TimeSpan.FromHours(1)),
        // To a client that is configured no more, or wants to be told no more.
        ("identity.outbox", "kind = 'logout' AND due_at < {0}", TimeSpan.FromDays(1)),
        // With its grants, whatever was left of its refresh tokens, and its relying parties' sessions.
        ("identity.sessions", "ends_at < {0}", options.Value.EndedSessions),
    ];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception fault) when (Problems.IsDatabaseAway(fault))
            {
                LogDatabaseAway(fault);
            }
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Removes all that is due now.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var (table, condition, kept) in Rules)
        {
            // Names and conditions are those above; a row that somebody holds is left for the next time.
            var statement = $"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {condition} LIMIT {Batch} FOR UPDATE SKIP LOCKED))";
            await RemoveAsync(table, db => db.ExecuteSqlRawAsync(statement, [clock.GetUtcNow() - kept], cancellationToken));
        }
        foreach (var (action, kept) in new[] { ("refreshed", options.Value.Refreshes), ("sign-in-failed", options.Value.FailedSignIns) })
            // This service has no right to remove a line of the book; the function removes what is old enough of these two, a batch at a time.
            await RemoveAsync("audit.entries", async db =>
                (await db.SqlQuery<int>($"""SELECT audit.forget({action}, {clock.GetUtcNow() - kept}, {Batch}) AS "Value" """).ToListAsync(cancellationToken)).Single());
    }

    async Task RemoveAsync(string table, Func<DatabaseFacade, Task<int>> removeBatch)
    {
        var (removed, batch) = (0, Batch);
        while (batch == Batch)
        {
            await using var scope = scopes.CreateAsyncScope();
            batch = await removeBatch(scope.ServiceProvider.GetRequiredService<LightningDb>().Database);
            removed += batch;
        }
        if (removed > 0) LogRemoved(removed, table);
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Information, Message = "Removed {Count} rows from {Table} that had ended")]
    partial void LogRemoved(int count, string table);

    [LoggerMessage(EventId = 1302, Level = LogLevel.Warning, Message = "What has ended cannot be removed now; it will be tried again")]
    partial void LogDatabaseAway(Exception fault);
}
