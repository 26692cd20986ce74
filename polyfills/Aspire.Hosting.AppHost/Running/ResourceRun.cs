using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Running;

/// <summary>
/// The life of one instance of a resource: it waits, is prepared, starts, becomes healthy, is started again after a crash, and stops. A person may
/// stop it and give it another life.
/// </summary>
sealed class ResourceRun(Instance instance, IServiceProvider services, Orchestrator orchestrator) : IDisposable
{
    static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30), s_steady = TimeSpan.FromMinutes(1);

    // What nothing checks is believed to have started once it has run this long.
    static readonly TimeSpan s_proven = TimeSpan.FromSeconds(5);

    readonly ResourceNotificationService _notifications = services.GetRequiredService<ResourceNotificationService>();
    readonly ResourceLoggerService _logs = services.GetRequiredService<ResourceLoggerService>();
    readonly Progress _progress = services.GetRequiredService<Progress>();
    readonly IDistributedApplicationEventing _eventing = services.GetRequiredService<IDistributedApplicationEventing>();
    readonly TimeProvider _clock = services.GetRequiredService<TimeProvider>();
    readonly SemaphoreSlim _oneAtATime = new(1, 1);
    readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    CancellationTokenSource _stopping = new();
    Task _life = Task.CompletedTask;
    Child? _child;
    string? _rubbish;
    bool _closed;

    public Instance Instance { get; } = instance;

    public IResource Resource => Instance.Resource;

    /// <summary>Healthy, or ended as it should.</summary>
    public Task Up => _up.Task;

    /// <summary>Whether it starts only when somebody asks for it.</summary>
    public bool WaitsToBeAsked => Resource.HasAnnotationOfType<ExplicitStartupAnnotation>();

    /// <summary>Whether the resource runs, rather than is there.</summary>
    public static bool IsProcess(IResource resource) => resource is ExecutableResource || resource.HasAnnotationOfType<LaunchAnnotation>();

    public void Start()
    {
        var stopping = _stopping.Token;
        // At once: who waits for it to be healthy must not see how it ended before.
        UpdateAsync(snapshot => snapshot with { State = KnownResourceStates.Waiting, HealthStatus = null, ExitCode = null, Failure = null });
        _life = Task.Run(() => LiveAsync(stopping), CancellationToken.None);
    }

    /// <summary>Starts what has ended, because a person asks for it.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (_closed) throw new DistributedApplicationException($"'{Instance.Id}' does not start: the application is stopping.");
            // Its end may be known already and not be over yet.
            if (_notifications.TryGetCurrentState(Instance.Id, out var current) && ResourceNotificationService.HasEnded(current)) await _life;
            if (!_life.IsCompleted) return;
            _stopping.Dispose();
            _stopping = new();
            Start();
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Stops it because a person asks for it; the launcher kills what does not go.</summary>
    public async Task HaltAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            await EndLifeAsync();
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Ends the resource for good; the token says when it has to be killed.</summary>
    public async Task StopAsync(CancellationToken kill)
    {
        // At once, and not when a command's own stop has been awaited.
        await using var killing = kill.Register(() => _child?.Kill());
        await _oneAtATime.WaitAsync(CancellationToken.None);
        _closed = true;
        _oneAtATime.Release();
        await EndLifeAsync();
        try
        {
            if (Directory.Exists(_rubbish)) Directory.Delete(_rubbish, recursive: true);
        }
        catch (IOException e)
        {
            _progress.Say(Instance.Id, $"{_rubbish} stays: {e.Message}"); // something that had to be killed writes there yet
        }
    }

    public void Dispose()
    {
        _child?.Dispose();
        _stopping.Dispose();
        _oneAtATime.Dispose();
    }

    async Task EndLifeAsync()
    {
        if (_life.IsCompleted) return;
        await _stopping.CancelAsync();
        if (_child is { Exit.IsCompleted: false } child)
        {
            await PublishAsync(KnownResourceStates.Stopping);
            child.Stop();
        }

        await _life;
    }

    async Task LiveAsync(CancellationToken stopping)
    {
        try
        {
            await _notifications.WaitForDependenciesAsync(Resource, stopping);
            if (IsProcess(Resource)) await RunProcessAsync(stopping);
            else await BeThereAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await PublishAsync(KnownResourceStates.Finished);
        }
        catch (OperationCanceledException e)
        {
            await FailAsync(new DistributedApplicationException($"'{Instance.Id}' did not start: the application is stopping.", e));
        }
        catch (DistributedApplicationException e)
        {
            await FailAsync(e);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            await FailAsync(new DistributedApplicationException($"'{Instance.Id}' could not be started: {e.Message}", e));
        }
    }

    // A parameter, a connection string, a database: something that is there rather than runs.
    async Task BeThereAsync(CancellationToken stopping)
    {
        await PublishAsync(KnownResourceStates.Running);
        await Health().WatchAsync(_clock.GetTimestamp(), stopping);
    }

    async Task RunProcessAsync(CancellationToken stopping)
    {
        for (var crashes = 0; ; crashes++)
        {
            var started = _clock.GetTimestamp();
            await PublishAsync(KnownResourceStates.Starting);
            await _eventing.PublishAsync(new BeforeResourceStartedEvent(Resource, services), stopping);
            var plan = await PlanAsync(stopping);
            var said = await ProcessEnvironment.OfAsync(
                Instance, services.GetRequiredService<DistributedApplicationExecutionContext>(), _logs.GetLogger(Instance.Id), stopping);
            var environment = ProcessEnvironment.Inherited();
            foreach (var (name, value) in said) environment[name] = value;
            stopping.ThrowIfCancellationRequested();

            _child?.Dispose();
            _rubbish = plan.Rubbish;
            _child = Child.Start(plan, environment, Output);
            if (stopping.IsCancellationRequested) _child.Stop(); // told so between the check and the start
            var program = await _child.Program;
            await UpdateAsync(snapshot => snapshot with
            {
                State = KnownResourceStates.Running,
                StartTimeStamp = _clock.GetUtcNow().UtcDateTime,
                StopTimeStamp = null,
                ExitCode = null,
                HealthStatus = null,
                HealthReports = [],
                Failure = null,
                Properties = program is { } id ? [new("executable.pid", id)] : [],
                EnvironmentVariables = [.. said.Select(pair => new EnvironmentVariableSnapshot(pair.Key, pair.Value, IsFromSpec: true))]
            });

            int code;
            using (var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping))
            {
                var health = HealthWhileRunningAsync(started, ended.Token);
                if (await Task.WhenAny(_child.Exit, health) == health && health.IsFaulted) _child.Stop();
                code = await _child.Exit;
                await ended.CancelAsync();
                await health;
            }

            if (stopping.IsCancellationRequested)
            {
                await EndAsync(KnownResourceStates.Finished, code);
                return;
            }

            if (IsExpected(code))
            {
                _progress.Say(Instance.Id, $"finished ({_progress.Since(started)})");
                await EndAsync(KnownResourceStates.Finished, code);
                _up.TrySetResult();
                return;
            }

            if (!_up.Task.IsCompleted || crashes == 0 && HasNoChecks && _clock.GetElapsedTime(started) < s_proven) throw Explain(plan, code);
            if (_clock.GetElapsedTime(started) > s_steady) crashes = 0;
            var pause = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, crashes), s_longestPause.TotalSeconds));
            _progress.LastLines(Instance.Id, _logs.Last(Instance.Id, 15));
            _progress.Say(Instance.Id, $"crashed with exit code {code}; starts again in {pause.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
            await EndAsync(KnownResourceStates.Exited, code);
            await Task.Delay(pause, _clock, stopping);
        }
    }

    async Task<LaunchPlan> PlanAsync(CancellationToken stopping)
    {
        var plan = Resource switch
        {
            _ when Resource.TryGetLastAnnotation<LaunchAnnotation>(out var launch) =>
                await launch.Prepare(new(services, what => _progress.Say(Instance.Id, what), Output, stopping)),
            ExecutableResource executable => new LaunchPlan(
                Programs.Find(executable.Command, executable.WorkingDirectory) ?? throw new DistributedApplicationException(
                    $"'{Resource.Name}' runs {executable.Command}, which is not on the PATH: install it, or correct the command in the AppHost."),
                [], executable.WorkingDirectory),
            _ => throw new UnreachableException()
        };
        return plan with { Arguments = [.. plan.Arguments, .. await ProcessEnvironment.ArgumentsAsync(Resource, stopping)] };
    }

    async Task HealthWhileRunningAsync(long started, CancellationToken ended)
    {
        try
        {
            await Health().WatchAsync(started, ended);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The process has ended; that is what counts.
        }
    }

    ResourceHealth Health() => new(Instance, services, ready: async (since, ended) =>
    {
        await _eventing.PublishAsync(new ResourceReadyEvent(Resource, services), ended);
        if (AwaitedExitCodes().Any()) return;
        if (IsProcess(Resource)) _progress.Say(Instance.Id, $"{(HasNoChecks ? "started" : "healthy")} ({_progress.Since(since)})");
    }, healthy: () =>
    {
        if (!AwaitedExitCodes().Any()) _up.TrySetResult();
    });

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
        var lines = _logs.Last(Instance.Id, 200);
        if (plan.Explain?.Invoke(lines) is { } known) return new(known);

        var text = lines.Where(line => !string.IsNullOrWhiteSpace(line.Text)).ToArray();
        var reason = Array.FindLast(text, line => line.Text.StartsWith("Unhandled exception", StringComparison.Ordinal)).Text
            ?? Array.FindLast(text, line => line.IsError && !char.IsWhiteSpace(line.Text[0])).Text;

        // A program that says in one sentence what is wrong has said enough; of another, the last lines may tell.
        if (reason is null || text.Any(line => line.Text.StartsWith("   at ", StringComparison.Ordinal))) _progress.LastLines(Instance.Id, lines.TakeLast(15));
        return new($"'{Instance.Id}' failed with exit code {code}{(reason is null ? "." : $": {reason.Trim()}")}");
    }

    async Task FailAsync(DistributedApplicationException failure)
    {
        await UpdateAsync(snapshot => snapshot with
        {
            State = KnownResourceStates.FailedToStart,
            HealthStatus = HealthStatus.Unhealthy,
            StopTimeStamp = _clock.GetUtcNow().UtcDateTime,
            Failure = failure.Message
        });

        // What was up once and does not come again leaves the others alone.
        if (_up.Task.IsCompleted) _progress.Say(Instance.Id, failure.Message);
        else orchestrator.Fail(failure);
    }

    void Output(OutputLine line)
    {
        _logs.Append(Instance, line);
        _progress.Output(Instance.Id, line);
    }

    Task PublishAsync(string state) => UpdateAsync(snapshot => snapshot with { State = state });

    Task EndAsync(string state, int code) => UpdateAsync(snapshot => snapshot with
    {
        State = state,
        ExitCode = code,
        HealthStatus = state == KnownResourceStates.Exited ? HealthStatus.Unhealthy : null,
        StopTimeStamp = _clock.GetUtcNow().UtcDateTime,
        Failure = null
    });

    Task UpdateAsync(Func<CustomResourceSnapshot, CustomResourceSnapshot> change) => _notifications.PublishUpdateAsync(Resource, Instance.Id, change);
}
