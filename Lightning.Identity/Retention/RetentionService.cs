using Lightning.Data;
using Lightning.Identity.Polling;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Retention;

/// <summary>
/// Deletes expired rows in small batches that do not wait for locks; replicas share the work. The audit log stays,
/// except for refreshes and failed sign-ins.
/// </summary>
sealed partial class RetentionService(
    IServiceScopeFactory scopes,
    IOptions<RetentionOptions> options,
    TimeProvider clock,
    ILogger<RetentionService> logger
) : PollingService
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);
    const int BatchSize = 1000;

    /// <summary>
    /// What is deleted, each with an index. One hour covers clock differences between replicas. A used refresh token
    /// stays until it expires, so that reuse is detected until then.
    /// </summary>
    (string Table, string Condition, TimeSpan Kept)[] Rules =>
        [
            ("identity.authorizations", "expires_at < {0}", TimeSpan.FromHours(1)),
            ("identity.refresh_tokens", "expires_at < {0}", TimeSpan.FromHours(1)),
            ("identity.seen_tokens", "expires_at < {0}", TimeSpan.FromHours(1)),
            ("identity.account_links", "expires_at < {0}", TimeSpan.FromDays(1)),
            ("identity.attempts", "full_at < {0}", TimeSpan.FromHours(1)),
            ("identity.handovers", "created_at < {0}", TimeSpan.FromHours(1)),
            // Logout messages for clients that were removed or no longer have a back-channel logout URI.
            ("identity.outbox", "kind = 'logout' AND due_at < {0} AND failed_at IS NULL", TimeSpan.FromDays(1)),
            ("identity.outbox", "failed_at < {0}", options.Value.FailedMessages),
            // Cascades to grants, refresh tokens and the relying parties' sessions.
            ("identity.sessions", "ends_at < {0}", options.Value.EndedSessions),
        ];

    protected override void LogDatabaseAway(Exception ex) => LogUnavailable(ex);

    protected override Task WaitAsync(CancellationToken stoppingToken) => Task.Delay(Interval, clock, stoppingToken);

    public override async Task<bool> ProcessNextAsync(CancellationToken cancellationToken)
    {
        await DeleteExpiredAsync(cancellationToken);
        return false;
    }

    /// <summary>Deletes everything that has expired.</summary>
    public async Task DeleteExpiredAsync(CancellationToken cancellationToken)
    {
        foreach (var (table, condition, kept) in Rules)
        {
            // Table and condition are constants from above. Locked rows are skipped and deleted next time.
            var statement = $"""
                DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {condition}
                    LIMIT {BatchSize} FOR UPDATE SKIP LOCKED))
                """;
            await RemoveAsync(
                table,
                db => db.ExecuteSqlRawAsync(statement, [clock.GetUtcNow() - kept], cancellationToken)
            );
        }
        (string Action, TimeSpan Kept)[] audited =
        [
            ("refreshed", options.Value.Refreshes),
            ("sign-in-failed", options.Value.FailedSignIns),
        ];
        foreach (var (action, kept) in audited)
            await RemoveAsync(
                "audit.entries",
                db => ForgetAsync(db, action, clock.GetUtcNow() - kept, cancellationToken)
            );
    }

    // This service may not delete from the audit log; the function deletes only old entries of these actions.
    static async Task<int> ForgetAsync(
        DatabaseFacade db,
        string action,
        DateTimeOffset before,
        CancellationToken cancellationToken
    )
    {
        var removed = await db.SqlQuery<int>($"""SELECT audit.forget({action}, {before}, {BatchSize}) AS "Value" """)
            .ToListAsync(cancellationToken);
        return removed.Single();
    }

    async Task RemoveAsync(string table, Func<DatabaseFacade, Task<int>> removeBatch)
    {
        var (removed, batch) = (0, BatchSize);
        while (batch == BatchSize)
        {
            await using var scope = scopes.CreateAsyncScope();
            batch = await removeBatch(scope.ServiceProvider.GetRequiredService<LightningDb>().Database);
            removed += batch;
        }
        if (removed > 0)
            LogRemoved(removed, table);
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Information, Message = "Deleted {Count} expired rows from {Table}")]
    partial void LogRemoved(int count, string table);

    [LoggerMessage(
        EventId = 1302,
        Level = LogLevel.Warning,
        Message = "Expired rows cannot be deleted now because the database is unavailable; retrying later"
    )]
    partial void LogUnavailable(Exception ex);
}
