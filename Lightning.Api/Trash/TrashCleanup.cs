using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Trash;

/// <summary>
/// Deletes notes that have been in the trash for <see cref="DeletedNote.Lifetime"/>, in small batches that do not wait
/// for locks; replicas share the work.
/// </summary>
sealed partial class TrashCleanup(IServiceScopeFactory scopes, TimeProvider clock, ILogger<TrashCleanup> logger)
    : BackgroundService
{
    const int BatchSize = 1000;
    static readonly TimeSpan Interval = TimeSpan.FromHours(1);

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
            int deleted;
            do
            {
                await using var scope = scopes.CreateAsyncScope();
                deleted = await scope
                    .ServiceProvider.GetRequiredService<LightningDb>()
                    .PurgeDeletedNotesAsync(clock.GetUtcNow() - DeletedNote.Lifetime, BatchSize, cancellationToken);
            } while (deleted == BatchSize);
        }
        catch (Exception ex) when (Problems.IsDatabaseUnavailable(ex))
        {
            LogFailed(logger, ex);
        }
    }

    [LoggerMessage(75, LogLevel.Warning, "Expired notes in the trash could not be deleted; will retry")]
    static partial void LogFailed(ILogger logger, Exception ex);
}
