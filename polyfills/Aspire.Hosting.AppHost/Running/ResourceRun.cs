using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>The life of one resource: it waits, is prepared, starts, becomes healthy, is started again after a crash, and stops.</summary>
sealed class ResourceRun(IResource resource, IServiceProvider services, Orchestrator orchestrator) : IDisposable
{
    static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30), s_steady = TimeSpan.FromMinutes(1), s_hintAfter = TimeSpan.FromSeconds(30);

    // What nothing checks is believed to have started once it has run this long.
    static readonly TimeSpan s_proven = TimeSpan.FromSeconds(5);

    readonly ResourceNotificationService _notifications = services.GetRequiredService<ResourceNotificationService>();
    readonly ResourceLoggerService _logs = services.GetRequiredService<ResourceLoggerService>();
    readonly Progress _progress = services.GetRequiredService<Progress>();
    readonly IDistributedApplicationEventing _eventing = services.GetRequiredService<IDistributedApplicationEventing>();
    readonly TimeProvider _clock = services.GetRequiredService<TimeProvider>();
    readonly CancellationTokenSource _stopping = new();
    readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Task _life = Task.CompletedTask;
    Child? _child;

    public IResource Resource { get; } = resource;

    /// <summary>Healthy, or ended as it should.</summary>
    public Task Up => _up.Task;

    /// <summary>Whether the resource runs, rather than is there.</summary>
    public static bool IsProcess(IResource resource) => resource is ExecutableResource || resource.HasAnnotationOfType<LaunchAnnotation>();

    public void Start() => _life = Task.Run(LiveAsync);

    /// <summary>Ends the resource; the token says when it has to be killed.</summary>
    public async Task StopAsync(CancellationToken kill)
    {
        await _stopping.CancelAsync();
        _child?.Stop();
        await using var killing = kill.Register(() => _child?.Kill());
        await _life;
    }

    public void Dispose()
    {
        _child?.Dispose();
        _stopping.Dispose();
    }

    async Task LiveAsync()
    {
        try
        {
            await PublishAsync(KnownResourceStates.Waiting);
            await _notifications.WaitForDependenciesAsync(Resource, _stopping.Token);
            if (IsProcess(Resource)) await RunProcessAsync();
            else await BeThereAsync();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            await PublishAsync(KnownResourceStates.Finished);
        }
        catch (OperationCanceledException e)
        {
            await FailAsync(new DistributedApplicationException($"'{Resource.Name}' did not start: the application is stopping.", e));
        }
        catch (DistributedApplicationException e)
        {
            await FailAsync(e);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            await FailAsync(new DistributedApplicationException($"'{Resource.Name}' could not be started: {e.Message}", e));
        }
    }

    // A parameter, a connection string, a database: something that is there rather than runs.
    async Task BeThereAsync()
    {
        await PublishAsync(KnownResourceStates.Running);
        await WatchHealthAsync(_clock.GetTimestamp(), _stopping.Token);
    }

    async Task RunProcessAsync()
    {
        for (var crashes = 0; ; crashes++)
        {
            var started = _clock.GetTimestamp();
            await PublishAsync(KnownResourceStates.Starting);
            await _eventing.PublishAsync(new BeforeResourceStartedEvent(Resource, services), _stopping.Token);
            var plan = await PlanAsync();
            var environment = await ProcessEnvironment.OfAsync(
                Resource, services.GetRequiredService<DistributedApplicationExecutionContext>(), _logs.GetLogger(Resource), _stopping.Token);
            _stopping.Token.ThrowIfCancellationRequested();

            _child?.Dispose();
            _child = Child.Start(plan, environment, Output);
            if (_stopping.IsCancellationRequested) _child.Stop(); // told so between the check and the start
            await _notifications.PublishUpdateAsync(Resource, snapshot => snapshot with
            {
                State = KnownResourceStates.Running,
                StartTimeStamp = _clock.GetUtcNow().UtcDateTime,
                ExitCode = null,
                HealthStatus = null
            });

            int code;
            using (var ended = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token))
            {
                var health = HealthWhileRunningAsync(started, ended.Token);
                if (await Task.WhenAny(_child.Exit, health) == health && health.IsFaulted) _child.Stop();
                code = await _child.Exit;
                await ended.CancelAsync();
                await health;
            }

            if (_stopping.IsCancellationRequested)
            {
                await EndAsync(KnownResourceStates.Finished, code, null);
                return;
            }

            if (IsExpected(code))
            {
                _progress.Say(Resource, $"finished ({Seconds(started)})");
                await EndAsync(KnownResourceStates.Finished, code, null);
                _up.TrySetResult();
                return;
            }

            if (!_up.Task.IsCompleted || crashes == 0 && HasNoChecks && _clock.GetElapsedTime(started) < s_proven) throw Explain(plan, code);
            if (_clock.GetElapsedTime(started) > s_steady) crashes = 0;
            var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, crashes), s_longestPause.TotalSeconds));
            _progress.LastLines(Resource, _logs.Last(Resource, 15));
            _progress.Say(Resource, $"crashed with exit code {code}; starts again in {pause.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
            await EndAsync(KnownResourceStates.Exited, code, null);
            await Task.Delay(pause, _clock, _stopping.Token);
        }
    }

    async Task<LaunchPlan> PlanAsync()
    {
        var plan = Resource switch
        {
            _ when Resource.TryGetLastAnnotation<LaunchAnnotation>(out var launch) =>
                await launch.Prepare(new(services, what => _progress.Say(Resource, what), Output, _stopping.Token)),
            ExecutableResource executable => new LaunchPlan(
                Programs.Find(executable.Command, executable.WorkingDirectory) ?? throw new DistributedApplicationException(
                    $"'{Resource.Name}' runs {executable.Command}, which is not on the PATH: install it, or correct the command in the AppHost."),
                [], executable.WorkingDirectory),
            _ => throw new UnreachableException()
        };
        return plan with { Arguments = [.. plan.Arguments, .. await ProcessEnvironment.ArgumentsAsync(Resource, _stopping.Token)] };
    }

    async Task HealthWhileRunningAsync(long started, CancellationToken ended)
    {
        try
        {
            await WatchHealthAsync(started, ended);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The process has ended; that is what counts.
        }
    }

    async Task WatchHealthAsync(long started, CancellationToken ended)
    {
        var checks = Resource.Annotations.OfType<HealthCheckAnnotation>().Select(annotation => annotation.Key).ToHashSet(StringComparer.Ordinal);
        var ready = false;
        var hintAt = s_hintAfter;
        while (true)
        {
            var report = checks.Count == 0 ? null : await services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => checks.Contains(check.Name), ended);
            ended.ThrowIfCancellationRequested();
            if (report?.Entries.Values.Select(entry => entry.Exception).OfType<DistributedApplicationException>().FirstOrDefault() is { } hopeless) throw hopeless;

            var status = report?.Status ?? HealthStatus.Healthy;
            if (status == HealthStatus.Healthy && !ready)
            {
                ready = true;
                await _eventing.PublishAsync(new ResourceReadyEvent(Resource, services), ended);
                if (IsProcess(Resource) && !AwaitedExitCodes().Any()) _progress.Say(Resource, $"{(HasNoChecks ? "started" : "healthy")} ({Seconds(started)})");
            }

            await _notifications.PublishUpdateAsync(Resource, snapshot => snapshot.HealthStatus == status ? snapshot : snapshot with { HealthStatus = status });
            if (ready && !AwaitedExitCodes().Any()) _up.TrySetResult();
            if (checks.Count == 0) return;
            if (!ready && _clock.GetElapsedTime(started) > hintAt)
            {
                hintAt += s_hintAfter;
                var reasons = report!.Entries.Values.Select(entry => entry.Description ?? entry.Exception?.Message).OfType<string>();
                _progress.Say(Resource, $"not healthy after {Seconds(started)}: {string.Join("; ", reasons)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(ready ? 5000 : 100), _clock, ended);
        }
    }

    bool HasNoChecks => !Resource.HasAnnotationOfType<HealthCheckAnnotation>();

    IEnumerable<int> AwaitedExitCodes() => orchestrator.Model.Resources
        .SelectMany(other => other.Annotations.OfType<WaitAnnotation>())
        .Where(wait => wait.WaitType == WaitType.WaitForCompletion && ReferenceEquals(wait.Resource, Resource))
        .Select(wait => wait.ExitCode);

    // One that others wait for the end of; else one that nobody expects to answer.
    bool IsExpected(int code)
    {
        var awaited = AwaitedExitCodes().ToArray();
        return awaited.Length > 0 ? awaited.Contains(code) : code == 0 && HasNoChecks;
    }

    DistributedApplicationException Explain(LaunchPlan plan, int code)
    {
        var lines = _logs.Last(Resource, 200);
        if (plan.Explain?.Invoke(lines) is { } known) return new(known);

        var text = lines.Where(line => !string.IsNullOrWhiteSpace(line.Text)).ToArray();
        var reason = Array.FindLast(text, line => line.Text.StartsWith("Unhandled exception", StringComparison.Ordinal)).Text
            ?? Array.FindLast(text, line => line.IsError && !char.IsWhiteSpace(line.Text[0])).Text;

        // A program that says in one sentence what is wrong has said enough; of another, the last lines may tell.
        if (reason is null || text.Any(line => line.Text.StartsWith("   at ", StringComparison.Ordinal))) _progress.LastLines(Resource, lines.TakeLast(15));
        return new($"'{Resource.Name}' failed with exit code {code}{(reason is null ? "." : $": {reason.Trim()}")}");
    }

    async Task FailAsync(DistributedApplicationException failure)
    {
        await _notifications.PublishUpdateAsync(Resource, snapshot => snapshot with
        {
            State = KnownResourceStates.FailedToStart,
            HealthStatus = HealthStatus.Unhealthy,
            StopTimeStamp = _clock.GetUtcNow().UtcDateTime,
            Failure = failure.Message
        });
        orchestrator.Fail(failure);
    }

    void Output(OutputLine line)
    {
        _logs.Append(Resource, line);
        _progress.Output(Resource, line);
    }

    Task PublishAsync(string state) => _notifications.PublishUpdateAsync(Resource, snapshot => snapshot with { State = state });

    Task EndAsync(string state, int code, string? failure) => _notifications.PublishUpdateAsync(Resource, snapshot => snapshot with
    {
        State = state,
        ExitCode = code,
        HealthStatus = state == KnownResourceStates.Exited ? HealthStatus.Unhealthy : null,
        StopTimeStamp = _clock.GetUtcNow().UtcDateTime,
        Failure = failure
    });

    string Seconds(long since) => string.Create(CultureInfo.InvariantCulture, $"{_clock.GetElapsedTime(since).TotalSeconds:0.0} s");
}
