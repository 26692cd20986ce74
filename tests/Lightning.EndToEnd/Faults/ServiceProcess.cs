using System.Diagnostics;
using System.Globalization;
using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Lightning.Testing;

namespace Lightning.EndToEnd.Faults;

/// <summary>
/// A replica of a service without the orchestrator's proxy. It can be stopped, killed, frozen and started.
/// </summary>
sealed class ServiceProcess
{
    static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);
    static readonly HttpClient Probe = new() { Timeout = TimeSpan.FromSeconds(5) };
    readonly DistributedApplication app;
    readonly string id;

    ServiceProcess(DistributedApplication app, string id) => (this.app, this.id) = (app, id);

    /// <summary>Waits until a number of replicas of a service is ready, and returns them.</summary>
    public static async Task<ServiceProcess[]> OfAsync(
        DistributedApplication app,
        string service,
        int count,
        CancellationToken cancellationToken
    )
    {
        var ids = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var change in app.ResourceNotifications.WatchAsync(cancellationToken))
        {
            if (change.Resource.Name == service && change.Snapshot.State?.Text == KnownResourceStates.Running)
                ids.Add(change.ResourceId);
            if (ids.Count == count)
                break;
        }
        ServiceProcess[] replicas = [.. ids.Select(id => new ServiceProcess(app, id))];
        foreach (var replica in replicas)
            await replica.WaitUntilReadyAsync();
        return replicas;
    }

    /// <summary>The address of the replica, which has a new port after each start.</summary>
    public Uri Address =>
        new(Snapshot.EnvironmentVariables.Single(variable => variable.Name == "ASPNETCORE_URLS").Value!);

    public int Port => Address.Port;

    CustomResourceSnapshot Snapshot =>
        app.ResourceNotifications.TryGetCurrentState(id, out var known)
            ? known.Snapshot
            : throw new InvalidOperationException($"There is no {id}.");

    /// <summary>The process id of the service. The orchestrator knows its parent, <c>dotnet run</c>.</summary>
    int ProcessId
    {
        get
        {
            var run = Snapshot.Properties.Single(property => property.Name == "executable.pid").Value;
            var children = File.ReadAllText(
                string.Create(CultureInfo.InvariantCulture, $"/proc/{run}/task/{run}/children")
            );
            return int.Parse(children.Trim(), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Starts the process and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        var result = await app
            .ResourceCommands.ExecuteCommandAsync(id, KnownResourceCommands.StartCommand)
            .WaitAsync(StartTimeout);
        result.Success.ShouldBeTrue(result.Message);
        await WaitUntilReadyAsync();
    }

    /// <summary>The status of a response; null if there is none.</summary>
    public async Task<HttpStatusCode?> StatusAsync(string path)
    {
        try
        {
            using var response = await Probe.GetAsync(new Uri(Address, path));
            return response.StatusCode;
        }
        catch (Exception ex) when (ex is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>A graceful shutdown. The command times out after about 10 seconds; the orchestrator does not.</summary>
    public async Task StopAsync()
    {
        await app.ResourceCommands.ExecuteCommandAsync(id, KnownResourceCommands.StopCommand).WaitAsync(StartTimeout);
        await WaitUntilStoppedAsync();
    }

    /// <summary>Sends SIGKILL. The process is not restarted until <see cref="StartAsync"/>.</summary>
    public async Task KillAsync()
    {
        using (var process = Process.GetProcessById(ProcessId))
        {
            process.Kill();
            await process.WaitForExitAsync().WaitAsync(StartTimeout);
        }
        await WaitUntilStoppedAsync();
    }

    /// <summary>Suspends the process (SIGSTOP): it neither responds nor closes connections.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Resumes the process (SIGCONT).</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    Task<TimeSpan> WaitUntilReadyAsync() =>
        Wait.UntilAsync(
            async () =>
                Snapshot.State?.Text == KnownResourceStates.Running
                && await StatusAsync("/health/ready") == HttpStatusCode.OK,
            StartTimeout
        );

    Task<TimeSpan> WaitUntilStoppedAsync() =>
        Wait.UntilAsync(() => KnownResourceStates.TerminalStates.Contains(Snapshot.State?.Text), StartTimeout);

    async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        kill.ExitCode.ShouldBe(0);
    }
}
