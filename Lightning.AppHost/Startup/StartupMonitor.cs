using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Hosting;

namespace Lightning.AppHost.Startup;

/// <summary>
/// Ends a start that fails, with one sentence and exit code 1. Aspire itself would wait forever for a resource that
/// fails or does not become healthy.
/// </summary>
sealed class StartupMonitor(
    ResourceNotificationService notifications,
    ResourceLoggerService logs,
    StartupConsole console,
    IHostApplicationLifetime lifetime
) : IDistributedApplicationEventingSubscriber
{
    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    public Task SubscribeAsync(
        IDistributedApplicationEventing eventing,
        DistributedApplicationExecutionContext context,
        CancellationToken cancellationToken
    )
    {
        eventing.Subscribe<BeforeStartEvent>(
            (starting, _) =>
            {
                // Not awaited: runs while the resources start.
                Task.Run(() => WatchAsync(starting.Model), CancellationToken.None);
                return Task.CompletedTask;
            }
        );
        return Task.CompletedTask;
    }

    async Task WatchAsync(DistributedApplicationModel model)
    {
        var starting = StartingResource.FromModel(model);
        try
        {
            await using var events = notifications.WatchAsync(lifetime.ApplicationStopping).GetAsyncEnumerator();
            for (var next = events.MoveNextAsync().AsTask(); ; )
            {
                var hasUpdate = await Task.WhenAny(next, Task.Delay(PollInterval)) == next;
                if (hasUpdate)
                {
                    if (!await next)
                        return;
                    var update = events.Current;
                    if (
                        starting.TryGetValue(update.Resource.Name, out var resource)
                        && resource.Update(update) is { } state
                    )
                    {
                        console.Print(update.Resource.Name, state);
                    }
                    next = events.MoveNextAsync().AsTask();
                }
                if (starting.Values.FirstOrDefault(resource => resource.Failure is not null) is { } failed)
                {
                    await EndAsync(failed);
                    return;
                }
                if (!starting.Values.All(resource => resource.IsReady))
                    continue;
                console.PrintAddresses(starting.Values);
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped before all resources were ready.
        }
    }

    async Task EndAsync(StartingResource failed)
    {
        var lines = await ResourceOutput.LastLinesAsync(logs, failed.Resource);
        var error = failed.Resource.TryGetLastAnnotation<RemedyAnnotation>(out var remedy) ? $"; {remedy.Remedy}" : "";
        StartupConsole.PrintFailure(failed.Resource.Name, failed.Failure!, lines, error);
        Environment.ExitCode = 1;
        lifetime.StopApplication();
    }
}
