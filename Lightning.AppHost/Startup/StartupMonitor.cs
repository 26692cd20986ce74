using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Hosting;

namespace Lightning.AppHost.Startup;

/// <summary>
/// Ends a start that cannot succeed. Aspire waits for ever on a resource that fails or does not become healthy;
/// this ends the process with one sentence and exit code 1.
/// </summary>
sealed class StartupMonitor(
    ResourceNotificationService notifications, ResourceLoggerService logs, StartupConsole console,
    IHostApplicationLifetime lifetime)
    : IDistributedApplicationEventingSubscriber
{
    static readonly TimeSpan DeadlineInterval = TimeSpan.FromSeconds(1);

    public Task SubscribeAsync(
        IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext context,
        CancellationToken cancellationToken)
    {
        eventing.Subscribe<BeforeStartEvent>((starting, _) =>
        {
            // Not awaited: it goes on while everything starts.
            Task.Run(() => WatchAsync(starting.Model), CancellationToken.None);
            return Task.CompletedTask;
        });
        return Task.CompletedTask;
    }

    async Task WatchAsync(DistributedApplicationModel model)
    {
        var starting = StartingResource.Of(model);
        try
        {
            await using var events = notifications.WatchAsync(lifetime.ApplicationStopping).GetAsyncEnumerator();
            for (var next = events.MoveNextAsync().AsTask(); ;)
            {
                var happened = await Task.WhenAny(next, Task.Delay(DeadlineInterval)) == next;
                if (happened)
                {
                    if (!await next) return;
                    var news = events.Current;
                    if (starting.TryGetValue(news.Resource.Name, out var resource)
                        && resource.Update(news) is { } state)
                    {
                        console.Print(news.Resource.Name, state);
                    }
                    next = events.MoveNextAsync().AsTask();
                }
                if (starting.Values.FirstOrDefault(resource => resource.Failure is not null) is { } failed)
                {
                    await EndAsync(failed);
                    return;
                }
                if (!starting.Values.All(resource => resource.IsReady)) continue;
                console.PrintAddresses(starting.Values);
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped before everything was up.
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
