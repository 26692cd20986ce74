using System.Data.Common;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// Deletes ended and expired web sessions in batches, skipping locked rows, so that replicas share the work. Sessions
/// are refused when they expire, not when they are deleted.
/// </summary>
sealed partial class ExpiredSessionCleanup(
    IServiceScopeFactory scopes,
    RelyingParty party,
    IOptions<SessionsOptions> options,
    SessionMetrics metrics,
    TimeProvider clock,
    ILogger<ExpiredSessionCleanup> logger
) : BackgroundService
{
    const int BatchSize = 500;
    static readonly TimeSpan CleanupInterval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Jitter, so that the replicas do not all run at once.
            await Task.Delay(CleanupInterval * (0.5 + Random.Shared.NextDouble()), clock, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
                return;
            try
            {
                await RemoveAsync(stoppingToken);
            }
            catch (Exception ex) when (ex is DbException or OperationCanceledException)
            {
                if (!stoppingToken.IsCancellationRequested)
                    Failed(logger, ex);
            }
        }
    }

    /// <summary>Deletes all ended and expired sessions, and counts the rest.</summary>
    /// <returns>How many were deleted.</returns>
    internal async Task<int> RemoveAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ISessionContext>();
        var now = clock.GetUtcNow();
        var idleSince = now - options.Value.IdleTimeout;
        var removed = 0;
        int batch;
        do
        {
            batch = await db.Database.ExecuteSqlAsync(
                $"""
                DELETE FROM web.sessions WHERE id_hash IN (
                    SELECT web.id_hash FROM web.sessions AS web JOIN identity.sessions AS session
                        ON session.id = web.sid
                    WHERE web.app = {party.App} AND (web.ends_at <= {now} OR web.last_seen_at <= {idleSince}
                        OR session.ended_at IS NOT NULL OR session.ends_at <= {now})
                    LIMIT {BatchSize} FOR UPDATE OF web SKIP LOCKED)
                """,
                cancellationToken
            );
            removed += batch;
        } while (batch == BatchSize);
        if (removed > 0)
            metrics.Ended("expired", removed);
        var active = await db
            .Database.SqlQuery<long>($"""SELECT count(*) AS "Value" FROM web.sessions WHERE app = {party.App}""")
            .ToListAsync(cancellationToken);
        metrics.SetActive(active.Single());
        return removed;
    }

    [LoggerMessage(53, LogLevel.Warning, "Expired sessions could not be deleted")]
    static partial void Failed(ILogger logger, Exception ex);
}
