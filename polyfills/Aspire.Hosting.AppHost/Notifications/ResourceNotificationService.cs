using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>How the resources are, and who waits for what.</summary>
public class ResourceNotificationService : IDisposable
{
    readonly DistributedApplicationModel _model;
    readonly CancellationTokenRegistration _stopping;
    readonly CancellationTokenSource _disposed = new();
    readonly Lock _lock = new();
    readonly Dictionary<string, ResourceEvent> _current = new(StringComparer.OrdinalIgnoreCase);
    readonly ConcurrentDictionary<Channel<ResourceEvent>, byte> _watchers = [];

    internal ResourceNotificationService(DistributedApplicationModel model, IHostApplicationLifetime lifetime)
    {
        _model = model;
        _stopping = lifetime.ApplicationStopped.Register(_disposed.Cancel);
    }

    /// <summary>Changes how a resource is.</summary>
    public Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        foreach (var instance in Instance.AllOf(resource)) Publish(resource, instance.Id, stateFactory);
        return Task.CompletedTask;
    }

    /// <summary>Changes how one process of a resource is.</summary>
    public Task PublishUpdateAsync(IResource resource, string resourceId, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        Publish(resource, resourceId, stateFactory);
        return Task.CompletedTask;
    }

    void Publish(IResource resource, string id, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        lock (_lock)
        {
            var before = _current.TryGetValue(id, out var known)
                ? known.Snapshot
                : new CustomResourceSnapshot { ResourceType = resource.GetType().Name, Properties = [] };
            var now = new ResourceEvent(resource, id, stateFactory(before));
            _current[id] = now;
            Version++;
            foreach (var watcher in _watchers.Keys) watcher.Writer.TryWrite(now);
        }
    }

    /// <summary>Grows with every change.</summary>
    internal long Version { get; private set; }

    /// <summary>How every process is, in the order of the model.</summary>
    internal IReadOnlyList<ResourceEvent> All()
    {
        lock (_lock) return [.. _model.Resources.SelectMany(Instance.AllOf).Select(instance => _current.GetValueOrDefault(instance.Id)).OfType<ResourceEvent>()];
    }

    /// <summary>How a resource is.</summary>
    public bool TryGetCurrentState(string resourceId, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        lock (_lock) return _current.TryGetValue(resourceId, out resourceEvent);
    }

    /// <summary>How all resources are, and every change from now on.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        var channel = Channel.CreateUnbounded<ResourceEvent>();
        lock (_lock)
        {
            foreach (var known in _current.Values) channel.Writer.TryWrite(known);
            _watchers[channel] = 0;
        }

        try
        {
            await foreach (var change in channel.Reader.ReadAllAsync(ended.Token)) yield return change;
        }
        finally
        {
            _watchers.TryRemove(channel, out _);
        }
    }

    /// <summary>Waits until a resource is as wanted.</summary>
    public async Task<ResourceEvent> WaitForResourceAsync(
        string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        if (!_model.Resources.SelectMany(Instance.AllOf).Any(instance => IsNamed(instance.Resource, instance.Id)))
        {
            throw new ArgumentException($"There is no resource named '{resourceName}'.", nameof(resourceName));
        }

        await foreach (var change in WatchAsync(cancellationToken))
        {
            if (IsNamed(change.Resource, change.ResourceId) && predicate(change)) return change;
        }

        throw new OperationCanceledException($"The application stopped before '{resourceName}' was as awaited.");

        bool IsNamed(IResource resource, string id) => string.Equals(resource.Name, resourceName, StringComparison.OrdinalIgnoreCase)
            || string.Equals(id, resourceName, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Waits until a resource is in a state; without one, until it runs.</summary>
    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    /// <summary>Waits until a resource is in one of the states, and says in which.</summary>
    public async Task<string> WaitForResourceAsync(string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        var wanted = targetStates.ToHashSet(StringComparer.Ordinal);
        var change = await WaitForResourceAsync(resourceName, change => change.Snapshot.State is { } state && wanted.Contains(state.Text), cancellationToken);
        return change.Snapshot.State!.Text;
    }

    /// <summary>Waits until a resource is healthy; fails when it has ended.</summary>
    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceHealthyAsync(resourceName, WaitBehavior.StopOnResourceUnavailable, cancellationToken);

    /// <summary>Waits until a resource is healthy.</summary>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(
        string resourceName, WaitBehavior waitBehavior, CancellationToken cancellationToken = default)
    {
        var change = await WaitForResourceAsync(
            resourceName,
            change => IsHealthy(change) || waitBehavior == WaitBehavior.StopOnResourceUnavailable && HasEnded(change),
            cancellationToken);
        return IsHealthy(change) ? change : throw Unavailable(change);
    }

    /// <summary>Waits until everything that a resource waits for has come far enough.</summary>
    public Task WaitForDependenciesAsync(IResource resource, CancellationToken cancellationToken)
    {
        var waits = resource.Annotations.OfType<WaitAnnotation>().ToList();
        if (resource is IResourceWithParent child) waits.Add(new(child.Parent, WaitType.WaitUntilHealthy));
        return Task.WhenAll(waits.SelectMany(wait => Instance.AllOf(wait.Resource).Select(instance => WaitAsync(wait, instance.Id, cancellationToken))));
    }

    /// <summary>Lets those go who wait.</summary>
    public void Dispose()
    {
        _stopping.Dispose();
        _disposed.Cancel();
        GC.SuppressFinalize(this);
    }

    async Task WaitAsync(WaitAnnotation wait, string id, CancellationToken cancellationToken)
    {
        var waitOn = wait.WaitBehavior == WaitBehavior.WaitOnResourceUnavailable;
        var change = await WaitForResourceAsync(id, change => IsFarEnough(change) || !waitOn && HasEnded(change), cancellationToken);
        if (!IsFarEnough(change)) throw Unavailable(change);

        bool IsFarEnough(ResourceEvent change) => wait.WaitType switch
        {
            WaitType.WaitUntilHealthy => IsHealthy(change),
            WaitType.WaitUntilStarted => change.Snapshot.State?.Text == KnownResourceStates.Running,
            _ => change.Snapshot.State?.Text == KnownResourceStates.Finished && change.Snapshot.ExitCode == wait.ExitCode
        };
    }

    static bool IsHealthy(ResourceEvent change) =>
        change.Snapshot is { HealthStatus: HealthStatus.Healthy, State: { } state } && state.Text == KnownResourceStates.Running;

    // A resource that crashed is started again, unless it never was healthy; so Exited is not the end.
    internal static bool HasEnded(ResourceEvent change) => LifecycleCommands.HasEnded(change.Snapshot.State?.Text);

    static DependencyFailedException Unavailable(ResourceEvent change) =>
        new(change.Snapshot.Failure ?? $"'{change.Resource.Name}' has ended (exit code {change.Snapshot.ExitCode}) and is waited for.");
}
