using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api;

/// <summary>Deletes rows that are kept for a limited time.</summary>
/// <param name="Lifetime">How long they are kept.</param>
/// <param name="DeleteAsync">Deletes the rows from before a time, at most so many, and returns their number. It must
/// not wait for locks.</param>
sealed record Purge(
    TimeSpan Lifetime,
    Func<LightningDb, DateTimeOffset, int, CancellationToken, Task<int>> DeleteAsync
);

/// <summary>Runs each <see cref="Purge"/> every hour, in small batches; replicas share the work.</summary>
sealed partial class RetentionCleanup(
    IEnumerable<Purge> purges,
    IServiceScopeFactory scopes,
    TimeProvider clock,
    ILogger<RetentionCleanup> logger
) : BackgroundService
{
    const int BatchSize = 1000;
    static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            do foreach (var purge in purges)
                await DeleteExpiredAsync(purge, stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The host is stopping.
        }
    }

    async Task DeleteExpiredAsync(Purge purge, CancellationToken cancellationToken)
    {
        try
        {
            int deleted;
            do
            {
                await using var scope = scopes.CreateAsyncScope();
                deleted = await purge.DeleteAsync(
                    scope.ServiceProvider.GetRequiredService<LightningDb>(),
                    clock.GetUtcNow() - purge.Lifetime,
                    BatchSize,
                    cancellationToken
                );
            } while (deleted == BatchSize);
        }
        catch (Exception ex) when (Problems.IsDatabaseUnavailable(ex))
        {
            LogFailed(logger, ex);
        }
    }

    [LoggerMessage(75, LogLevel.Warning, "Expired rows could not be deleted; will retry")]
    static partial void LogFailed(ILogger logger, Exception ex);
}
