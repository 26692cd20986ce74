using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Drafts;

/// <summary>Deletes expired drafts. Runs on each replica, without coordination.</summary>
sealed partial class FormDraftCleanup(IServiceScopeFactory scopes, TimeProvider clock, ILogger<FormDraftCleanup> logger)
    : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await DeleteExpiredAsync(stoppingToken);
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
                .FormDrafts.Where(draft => draft.ExpiresAt <= now)
                .ExecuteDeleteAsync(cancellationToken);
        }
        catch (Exception ex) when (Problems.IsDatabaseUnavailable(ex))
        {
            LogFailed(logger, ex);
        }
    }

    [LoggerMessage(EventId = 2005, Level = LogLevel.Warning, Message = "Expired form drafts could not be deleted")]
    static partial void LogFailed(ILogger logger, Exception ex);
}
