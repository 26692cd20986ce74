using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Running;

/// <summary>Starts the resources, each when its turn comes, and stops them in reverse.</summary>
sealed class Orchestrator(
    DistributedApplicationModel model, IServiceProvider services, IConfiguration configuration, IHostEnvironment environment,
    Progress progress, TimeProvider clock, IHostApplicationLifetime lifetime) : IHostedService, IDisposable
{
    public static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(10);

    readonly Lock _lock = new();
    readonly List<ResourceRun> _runs = [];
    readonly List<Relay> _relays = [];
    readonly long _created = clock.GetTimestamp();
    readonly TaskCompletionSource _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    DistributedApplicationException? _cause, _consequence;
    Task _starting = Task.CompletedTask;
    Task? _stopped;

    public DistributedApplicationModel Model { get; } = model;

    /// <summary>Why the application cannot be what was described: the first cause.</summary>
    public DistributedApplicationException? Failure => _cause ?? _consequence;

    /// <summary>Shows how it comes up, until the task has ended.</summary>
    public Func<Task, Task> WhileStarting { get; set; } = up => up;

    /// <summary>Whether a failure stops everything; a test looks at the resources instead.</summary>
    public bool StopOnFailure { get; set; }

    public void Fail(DistributedApplicationException failure)
    {
        lock (_lock)
        {
            if (failure is DependencyFailedException) _consequence ??= failure;
            else _cause ??= failure;
        }

        if (StopOnFailure) lifetime.StopApplication();
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new DistributedApplicationException("The polyfill of Aspire.Hosting.AppHost runs on Linux and macOS: on Windows use WSL, or the real packages (UsePolyfills=false).");
        }

        await services.GetRequiredService<IDistributedApplicationEventing>().PublishAsync(new BeforeStartEvent(services, Model), cancellationToken);
        Circles.Refuse(Model);
        var randomize = configuration.IsOn("DcpPublisher:RandomizePorts");
        if (Dashboard is not null) await Dashboard.StartAsync(randomize, cancellationToken);
        Ports.Allocate(Model.Resources, randomize);
        foreach (var parameter in Model.Resources.OfType<ParameterResource>()) await parameter.GetValueAsync(cancellationToken);
        await ShowUrlsAsync(cancellationToken);
        foreach (var resource in Model.Resources.Where(ResourceRun.IsProcess)) LifecycleCommands.AddTo(resource, RunOf);

        Dashboard?.Announce();
        progress.Say($"{environment.ApplicationName} starts {string.Join(", ", Model.Resources.Where(ResourceRun.IsProcess).Select(resource => resource.Name))}.");
        foreach (var endpoint in Model.Resources.SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>()).Where(endpoint => endpoint.ReplicaPorts.Count > 0))
        {
            _relays.Add(Relay.Start(endpoint));
        }

        foreach (var instance in Model.Resources.SelectMany(Instance.AllOf)) _runs.Add(new(instance, services, this));
        foreach (var run in _runs.Where(run => !run.WaitsToBeAsked)) run.Start();
        _starting = SayWhenUpAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        lock (_lock) return _stopped ??= StopAllAsync();
    }

    public void Dispose()
    {
        foreach (var relay in _relays) relay.Dispose();
        foreach (var run in _runs) run.Dispose();
    }

    async Task StopAllAsync()
    {
        _ending.TrySetResult();
        await _starting;
        if (_runs.Count > 0) progress.Stopping();
        using var deadline = new CancellationTokenSource(StopWithin - TimeSpan.FromSeconds(2), clock);
        var stops = new Dictionary<ResourceRun, Task>();
        await Task.WhenAll(_runs.Select(StopAfterDependents));
        if (Dashboard is not null) await Dashboard.DisposeAsync(); // last, so that it has seen how they ended

        Task StopAfterDependents(ResourceRun run)
        {
            if (stops.TryGetValue(run, out var known)) return known;
            var dependents = _runs.Where(other => Circles.Needs(other.Resource).Contains(run.Resource)).Select(StopAfterDependents).ToArray();
            return stops[run] = StopLast();

            async Task StopLast()
            {
                await Task.WhenAll(dependents);
                await run.StopAsync(deadline.Token);
            }
        }
    }

    DashboardServer? Dashboard { get; } = services.GetService<DashboardServer>();

    /// <summary>Everything that starts by itself is healthy, or has ended as it should.</summary>
    public Task Up => Task.WhenAll(_runs.Where(run => !run.WaitsToBeAsked).Select(run => run.Up));

    /// <summary>The run of an instance, as commands name it.</summary>
    public ResourceRun RunOf(string id) => _runs.Find(run => string.Equals(run.Instance.Id, id, StringComparison.OrdinalIgnoreCase))
        ?? throw new DistributedApplicationException($"There is no resource '{id}', or the application has not started.");

    async Task ShowUrlsAsync(CancellationToken cancellationToken)
    {
        var execution = services.GetRequiredService<DistributedApplicationExecutionContext>();
        var notifications = services.GetRequiredService<ResourceNotificationService>();
        foreach (var resource in Model.Resources)
        {
            var urls = (resource as IResourceWithEndpoints)?.GetEndpoints()
                .Select(endpoint => new ResourceUrlAnnotation { Url = endpoint.Url, Endpoint = endpoint }).ToList() ?? [];
            var context = new ResourceUrlsCallbackContext(execution, resource, urls, cancellationToken);
            foreach (var annotation in resource.Annotations.OfType<ResourceUrlsCallbackAnnotation>().ToArray()) await annotation.Callback(context);
            foreach (var url in context.Urls) resource.Annotations.Add(url);
            await notifications.PublishUpdateAsync(resource, snapshot => snapshot with
            {
                State = KnownResourceStates.NotStarted,
                Urls = [.. context.Urls.Select(url => new UrlSnapshot(url.DisplayText ?? url.Endpoint?.EndpointName, url.Url, IsInternal: false))]
            });
        }
    }

    async Task SayWhenUpAsync()
    {
        var up = Up;
        await WhileStarting(Task.WhenAny(up, _ending.Task));
        if (!up.IsCompleted) return;
        var places = Model.Resources.SelectMany(resource => resource.Annotations.OfType<ResourceUrlAnnotation>()).Where(url => url.DisplayText is not null)
            .OrderByDescending(url => url.Endpoint is { Exists: true, EndpointAnnotation.IsExternal: true }).ToArray();
        var width = places.Select(url => url.DisplayText!.Length).DefaultIfEmpty(0).Max();
        var done = string.Create(CultureInfo.InvariantCulture, $"Everything is up after {clock.GetElapsedTime(_created).TotalSeconds:0.0} s. Ctrl+C stops it.");
        progress.Say(string.Join(Environment.NewLine, places.Select(url => $"  {url.DisplayText!.PadRight(width)}  {url.Url}").Prepend(done)));
    }
}

/// <summary>Who needs whom.</summary>
static class Circles
{
    public static IEnumerable<IResource> Needs(IResource resource)
    {
        var needs = resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource);
        return resource is IResourceWithParent child ? needs.Append(child.Parent) : needs;
    }

    /// <summary>Resources that wait for each other would wait for ever.</summary>
    public static void Refuse(DistributedApplicationModel model)
    {
        var done = new HashSet<IResource>();
        foreach (var resource in model.Resources) Visit(resource, []);

        void Visit(IResource resource, List<IResource> path)
        {
            if (path.Contains(resource))
            {
                var circle = path.SkipWhile(other => other != resource).Append(resource).Select(other => other.Name);
                throw new DistributedApplicationException($"These resources wait for each other: {string.Join(" → ", circle)}. Take one WaitFor out of the AppHost.");
            }

            if (!done.Contains(resource))
            {
                path.Add(resource);
                foreach (var need in Needs(resource)) Visit(need, path);
                path.Remove(resource);
                done.Add(resource);
            }
        }
    }
}
