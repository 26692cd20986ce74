using Lightning.ServiceDefaults;

namespace Lightning.Identity.Polling;

/// <summary>
/// A hosted service that processes pending work until there is none, then waits and polls again. It keeps polling while
/// the database is unavailable.
/// </summary>
abstract class PollingService : BackgroundService
{
    /// <summary>Processes one item. Returns false if there is none.</summary>
    public abstract Task<bool> ProcessNextAsync(CancellationToken cancellationToken);

    /// <summary>Waits until it is time to poll again.</summary>
    protected abstract Task WaitAsync(CancellationToken stoppingToken);

    protected abstract void LogDatabaseAway(Exception ex);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await ProcessNextAsync(stoppingToken)) { }
            }
            catch (Exception ex) when (Problems.IsDatabaseUnavailable(ex))
            {
                LogDatabaseAway(ex);
            }
            await WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
