using Lightning.Data;
using Lightning.Data.Idempotency;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Idempotency;

/// <summary>Removes answers whose time is over: <see cref="KeyedRequest.Lifetime"/>. Every replica does, and they do not wait for each other.</summary>
sealed partial class ExpiredKeys(IServiceScopeFactory scopes, TimeProvider clock, ILogger<ExpiredKeys> logger) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            do await SweepAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var now = clock.GetUtcNow();
            await scope.ServiceProvider.GetRequiredService<LightningDb>().KeyedRequests.Where(request => request.ExpiresAt <= now).ExecuteDeleteAsync(cancellationToken);
        }
        catch (Exception fault) when (Problems.IsDatabaseAway(fault))
        {
            Later(logger, fault);
        }
    }

    [LoggerMessage(70, LogLevel.Warning, "Expired idempotency keys could not be removed; they are tried again")]
    static partial void Later(ILogger logger, Exception fault);
}
