using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>One of the processes that a resource runs as. A resource that runs once has one instance, of its own name.</summary>
sealed record Instance(IResource Resource, int Number, int Count)
{
    static readonly AsyncLocal<Instance?> s_checked = new();

    /// <summary>What notifications, logs, telemetry and commands know it by.</summary>
    public string Id { get; } = Count == 1 ? Resource.Name : string.Create(CultureInfo.InvariantCulture, $"{Resource.Name}-{Number}");

    /// <summary>The instance whose health is looked at: health checks are registered for a resource, and asked for each of its instances.</summary>
    public static Instance? Checked
    {
        get => s_checked.Value;
        set => s_checked.Value = value;
    }

    public static IEnumerable<Instance> AllOf(IResource resource)
    {
        var count = resource.GetReplicaCount();
        return Enumerable.Range(1, count).Select(number => new Instance(resource, number, count));
    }

    /// <summary>The port that this process listens on: the endpoint's own, or one behind the relay that the endpoint is.</summary>
    public int PortOf(EndpointAnnotation endpoint) =>
        Count == 1 ? endpoint.AllocatedEndpoint!.Port : endpoint.ReplicaPorts[Number - 1];

    public string UrlOf(EndpointAnnotation endpoint) =>
        string.Create(CultureInfo.InvariantCulture, $"{endpoint.UriScheme}://{endpoint.AllocatedEndpoint!.Address}:{PortOf(endpoint)}");
}
