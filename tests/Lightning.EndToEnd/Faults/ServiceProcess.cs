using System.Diagnostics;
using System.Globalization;
using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Lightning.Testing;

namespace Lightning.EndToEnd.Faults;

/// <summary>One process of a service that the AppHost runs, reached by itself; it can be stopped, killed, frozen and started again.</summary>
sealed class ServiceProcess
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly HttpClient Probe = new() { Timeout = TimeSpan.FromSeconds(5) };
    readonly DistributedApplication app;
    readonly string id;

    ServiceProcess(DistributedApplication app, string id)
    {
        (this.app, this.id) = (app, id);
        Address = new Uri(Snapshot.EnvironmentVariables.Single(variable => variable.Name == "ASPNETCORE_URLS").Value!);
    }

    /// <summary>Those of a service, once so many are healthy.</summary>
    public static async Task<ServiceProcess[]> OfAsync(DistributedApplication app, string service, int count, CancellationToken cancellationToken)
    {
        var healthy = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var change in app.ResourceNotifications.WatchAsync(cancellationToken))
        {
            if (change.Resource.Name == service && IsHealthy(change.Snapshot)) healthy.Add(change.ResourceId);
            if (healthy.Count == count) break;
        }
        return [.. healthy.Select(id => new ServiceProcess(app, id))];
    }

    public Uri Address { get; }

    public int Port => Address.Port;

    CustomResourceSnapshot Snapshot => app.ResourceNotifications.TryGetCurrentState(id, out var known) ? known.Snapshot : throw new InvalidOperationException($"There is no {id}.");

    int Number => Convert.ToInt32(Snapshot.Properties.Single(property => property.Name == "executable.pid").Value, CultureInfo.InvariantCulture);

    /// <summary>Starts it, and waits until it serves.</summary>
    public async Task StartAsync()
    {
        await SayAsync(KnownResourceCommands.StartCommand);
        await app.ResourceNotifications.WaitForResourceHealthyAsync(id).WaitAsync(Patience);
    }

    /// <summary>The status of one of its own pages; none where it does not answer.</summary>
    public async Task<HttpStatusCode?> StatusAsync(string path)
    {
        try
        {
            using var answer = await Probe.GetAsync(new Uri(Address, path));
            return answer.StatusCode;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>As an orderly shut-down does it.</summary>
    public Task StopAsync() => SayAsync(KnownResourceCommands.StopCommand);

    /// <summary>From one instruction to the next, and it stays away.</summary>
    public async Task KillAsync()
    {
        await EndAsync();
        await StopAsync();
    }

    /// <summary>From one instruction to the next; the AppHost starts it again.</summary>
    /// <returns>Ends when it has.</returns>
    public async Task<Task> CrashAsync()
    {
        var before = Number;
        await EndAsync();
        return Wait.UntilAsync(() => IsHealthy(Snapshot) && Number != before, Patience);
    }

    /// <summary>Takes it off the processor: it neither answers nor hangs up.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Lets it go on.</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    async Task EndAsync()
    {
        using var process = Process.GetProcessById(Number);
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);
    }

    async Task SayAsync(string command)
    {
        var answer = await app.ResourceCommands.ExecuteCommandAsync(id, command).WaitAsync(Patience);
        answer.Success.ShouldBeTrue(answer.Message);
    }

    async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", Number.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        kill.ExitCode.ShouldBe(0);
    }

    static bool IsHealthy(CustomResourceSnapshot snapshot) =>
        snapshot is { HealthStatus: Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy, State.Text: var state } && state == KnownResourceStates.Running;
}
