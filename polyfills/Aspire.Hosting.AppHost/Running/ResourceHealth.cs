using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>Asks one instance's health checks how it is, often until it is healthy and seldom afterwards.</summary>
sealed class ResourceHealth(Instance instance, IServiceProvider services, Func<long, CancellationToken, Task> ready, Action healthy)
{
    static readonly TimeSpan s_hintAfter = TimeSpan.FromSeconds(30), s_soon = TimeSpan.FromMilliseconds(100), s_later = TimeSpan.FromSeconds(5);

    readonly ResourceNotificationService _notifications = services.GetRequiredService<ResourceNotificationService>();
    readonly Progress _progress = services.GetRequiredService<Progress>();
    readonly TimeProvider _clock = services.GetRequiredService<TimeProvider>();

    /// <summary>Watches until the token ends it; what nothing checks is healthy, and not watched.</summary>
    public async Task WatchAsync(long since, CancellationToken ended)
    {
        var checks = instance.Resource.Annotations.OfType<HealthCheckAnnotation>().Select(annotation => annotation.Key).ToHashSet(StringComparer.Ordinal);
        var isReady = false;
        var hintAt = s_hintAfter;
        Instance.Checked = instance;
        while (true)
        {
            var report = checks.Count == 0 ? null : await services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => checks.Contains(check.Name), ended);
            ended.ThrowIfCancellationRequested();
            if (report?.Entries.Values.Select(entry => entry.Exception).OfType<DistributedApplicationException>().FirstOrDefault() is { } hopeless) throw hopeless;

            var status = report?.Status ?? HealthStatus.Healthy;
            if (status == HealthStatus.Healthy && !isReady)
            {
                isReady = true;
                await ready(since, ended);
            }

            await PublishAsync(status, report);
            if (isReady) healthy();
            if (checks.Count == 0) return;
            if (!isReady && _clock.GetElapsedTime(since) > hintAt)
            {
                hintAt += s_hintAfter;
                var reasons = report!.Entries.Values.Select(entry => entry.Description ?? entry.Exception?.Message).OfType<string>();
                _progress.Say(instance.Id, $"not healthy after {_progress.Since(since)}: {string.Join("; ", reasons)}");
            }

            await Task.Delay(isReady ? s_later : s_soon, _clock, ended);
        }
    }

    Task PublishAsync(HealthStatus status, HealthReport? report)
    {
        HealthReportSnapshot[] reports = report is null ? [] :
            [.. report.Entries.Select(entry => new HealthReportSnapshot(entry.Key, entry.Value.Status, entry.Value.Description, entry.Value.Exception?.Message))];
        return _notifications.TryGetCurrentState(instance.Id, out var current)
            && current.Snapshot.HealthStatus == status && current.Snapshot.HealthReports.SequenceEqual(reports)
            ? Task.CompletedTask
            : _notifications.PublishUpdateAsync(instance.Resource, instance.Id, snapshot => snapshot with { HealthStatus = status, HealthReports = [.. reports] });
    }
}
