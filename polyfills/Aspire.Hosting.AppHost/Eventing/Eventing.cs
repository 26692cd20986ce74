using System.Collections.Immutable;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;

namespace Aspire.Hosting.Eventing
{
    /// <summary>Something that happens to the application.</summary>
    public interface IDistributedApplicationEvent;

    /// <summary>Something that happens to a resource.</summary>
    public interface IDistributedApplicationResourceEvent : IDistributedApplicationEvent
    {
        /// <summary>The resource.</summary>
        IResource Resource { get; }
    }

    /// <summary>Tells those who asked what happens.</summary>
    public interface IDistributedApplicationEventing
    {
        /// <summary>Calls back on every event of a type.</summary>
        DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationEvent;

        /// <summary>Calls back on a resource's events of a type.</summary>
        DistributedApplicationEventSubscription Subscribe<T>(IResource resource, Func<T, CancellationToken, Task> callback)
            where T : IDistributedApplicationResourceEvent;

        /// <summary>Calls back no more.</summary>
        void Unsubscribe(DistributedApplicationEventSubscription subscription);

        /// <summary>Calls everyone who asked, one after the other.</summary>
        Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent;
    }

    /// <summary>A wish to be called back.</summary>
    public class DistributedApplicationEventSubscription(Func<IDistributedApplicationEvent, CancellationToken, Task> callback)
    {
        /// <summary>Who is called.</summary>
        public Func<IDistributedApplicationEvent, CancellationToken, Task> Callback { get; } = callback;
    }

    /// <summary>Tells those who asked what happens, in the order in which they asked.</summary>
    public class DistributedApplicationEventing : IDistributedApplicationEventing
    {
        ImmutableList<DistributedApplicationEventSubscription> _subscriptions = [];

        /// <inheritdoc/>
        public DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationEvent
        {
            var subscription = new DistributedApplicationEventSubscription((@event, ct) => @event is T wanted ? callback(wanted, ct) : Task.CompletedTask);
            ImmutableInterlocked.Update(ref _subscriptions, list => list.Add(subscription));
            return subscription;
        }

        /// <inheritdoc/>
        public DistributedApplicationEventSubscription Subscribe<T>(IResource resource, Func<T, CancellationToken, Task> callback)
            where T : IDistributedApplicationResourceEvent =>
            Subscribe<T>((@event, ct) => ReferenceEquals(@event.Resource, resource) ? callback(@event, ct) : Task.CompletedTask);

        /// <inheritdoc/>
        public void Unsubscribe(DistributedApplicationEventSubscription subscription) =>
            ImmutableInterlocked.Update(ref _subscriptions, list => list.Remove(subscription));

        /// <inheritdoc/>
        public async Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent
        {
            foreach (var subscription in _subscriptions) await subscription.Callback(@event, cancellationToken);
        }
    }
}

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>The application is about to start.</summary>
    public class BeforeStartEvent(IServiceProvider services, DistributedApplicationModel model) : IDistributedApplicationEvent
    {
        /// <summary>The application's services.</summary>
        public IServiceProvider Services { get; } = services;

        /// <summary>The application as it was described.</summary>
        public DistributedApplicationModel Model { get; } = model;
    }

    /// <summary>A resource has waited for what it waits for, and is about to start.</summary>
    public class BeforeResourceStartedEvent(IResource resource, IServiceProvider services) : IDistributedApplicationResourceEvent
    {
        /// <inheritdoc/>
        public IResource Resource { get; } = resource;

        /// <summary>The application's services.</summary>
        public IServiceProvider Services { get; } = services;
    }

    /// <summary>A resource is healthy for the first time; others wait until this event has been handled.</summary>
    public class ResourceReadyEvent(IResource resource, IServiceProvider services) : IDistributedApplicationResourceEvent
    {
        /// <inheritdoc/>
        public IResource Resource { get; } = resource;

        /// <summary>The application's services.</summary>
        public IServiceProvider Services { get; } = services;
    }
}
