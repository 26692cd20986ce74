using Lightning.Data;
using Lightning.Data.Idempotency;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Idempotency;

/// <summary>
/// Deletes expired idempotency keys (<see cref="KeyedRequest.Lifetime"/>). Runs on each replica, without coordination.
/// </summary>
sealed partial class IdempotencyKeyCleanup(
    IServiceScopeFactory scopes,
    TimeProvider clock,
    ILogger<IdempotencyKeyCleanup> logger
) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            do await DeleteExpiredAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The host is stopping.
        }
    }

    async Task DeleteExpiredAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var now = clock.GetUtcNow();
            await scope
                .ServiceProvider.GetRequiredService<LightningDb>()
                .KeyedRequests.Where(request => request.ExpiresAt <= now)
                .ExecuteDeleteAsync(cancellationToken);
        }
        catch (Exception ex) when (Problems.IsDatabaseUnavailable(ex))
        {
            LogFailed(logger, ex);
        }
    }

    [LoggerMessage(70, LogLevel.Warning, "Expired idempotency keys could not be deleted; will retry")]
    static partial void LogFailed(ILogger logger, Exception ex);
}
