using System.Data.Common;
using Lightning.Data;
using Lightning.Sessions.RelyingParties;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.WebSessions;

/// <summary>
/// Takes away what nobody can use any more, a few hundred rows at a time, and passes over what others hold: replicas share the work, and no request
/// waits for it. That such a session is refused never depends on this.
/// </summary>
sealed partial class ExpiredSessions(
    IServiceScopeFactory scopes, RelyingParty party, IOptions<SessionsOptions> options, SessionMetrics metrics, TimeProvider clock, ILogger<ExpiredSessions> logger) : BackgroundService
{
    const int BatchSize = 500;
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Spread, so that replicas that were started together do not all come at once.
            await Task.Delay(Interval * (0.5 + Random.Shared.NextDouble()), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested) return;
            try
            {
                await RemoveAsync(stoppingToken);
            }
            catch (Exception fault) when (fault is DbException or OperationCanceledException)
            {
                if (!stoppingToken.IsCancellationRequested) Failed(logger, fault);
            }
        }
    }

    /// <summary>Removes all there is, and counts what lives.</summary>
    /// <returns>How many were removed.</returns>
    internal async Task<int> RemoveAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
        var now = clock.GetUtcNow();
        var idleSince = now - options.Value.IdleTimeout;
        int removed = 0, batch;
        do
        {
            batch = await db.Database.ExecuteSqlAsync($"""
                DELETE FROM web.sessions WHERE id_hash IN (
                    SELECT web.id_hash FROM web.sessions AS web JOIN identity.sessions AS session ON session.id = web.sid
                    WHERE web.app = {party.App} AND (web.ends_at <= {now} OR web.last_seen_at <= {idleSince} OR session.ended_at IS NOT NULL OR session.ends_at <= {now})
                    LIMIT {BatchSize} FOR UPDATE OF web SKIP LOCKED)
                """, cancellationToken);
            removed += batch;
        }
        while (batch == BatchSize);
        if (removed > 0) metrics.Ended("expired", removed);
        metrics.SetActive(await db.WebSessions.LongCountAsync(web => web.App == party.App, cancellationToken));
        return removed;
    }

    [LoggerMessage(53, LogLevel.Warning, "Expired sessions could not be removed")]
    static partial void Failed(ILogger logger, Exception fault);
}
