using Lightning.Data;
using Lightning.Sessions;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Dashboard;

/// <summary>Caches the dashboard's figures, so that concurrent viewers share one query.</summary>
public sealed class DashboardCache(
    IServiceScopeFactory scopeFactory,
    IOptions<SessionsOptions> sessions,
    TimeProvider clock
)
{
    /// <summary>The maximum age of cached figures.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    readonly Lock gate = new();
    Task<DashboardFigures>? pending;
    DateTimeOffset startedAt;

    /// <summary>The figures, at most <see cref="MaxAge"/> old.</summary>
    /// <exception cref="System.Data.Common.DbException">The query failed.</exception>
    public Task<DashboardFigures> GetAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            // A failed query is not cached.
            if (pending is null || pending.IsFaulted || pending.IsCanceled || now - startedAt >= MaxAge)
                (pending, startedAt) = (Task.Run(() => ReadAsync(now), CancellationToken.None), now);
            return pending.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Not cancellable: several callers wait for it.</summary>
    async Task<DashboardFigures> ReadAsync(DateTimeOffset now)
    {
        await using var scope = scopeFactory.CreateAsyncScope();
        return await DashboardFigures.ReadAsync(
            scope.ServiceProvider.GetRequiredService<LightningDb>(),
            now,
            sessions.Value.IdleTimeout,
            CancellationToken.None
        );
    }
}
