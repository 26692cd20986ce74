using System.Globalization;
using System.Net.Sockets;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A place where a resource listens.</summary>
public sealed class EndpointAnnotation : IResourceAnnotation
{
    readonly TaskCompletionSource<AllocatedEndpoint> _allocated = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Describes the endpoint.</summary>
    public EndpointAnnotation(
        ProtocolType protocol, string? uriScheme = null, string? transport = null, string? name = null,
        int? port = null, int? targetPort = null, bool? isExternal = null, bool? isProxied = null)
    {
        Protocol = protocol;
        UriScheme = uriScheme ?? (protocol == ProtocolType.Udp ? "udp" : "tcp");
        Transport = transport ?? (UriScheme is "http" or "https" ? "http" : UriScheme);
        Name = name ?? UriScheme;
        Port = port;
        TargetPort = targetPort;
        IsExternal = isExternal ?? false;
        IsProxied = isProxied ?? true;
    }

    /// <summary>Its name within the resource.</summary>
    public string Name { get; set; }

    /// <summary>TCP or UDP.</summary>
    public ProtocolType Protocol { get; set; }

    /// <summary>The scheme of its address, such as <c>http</c>.</summary>
    public string UriScheme { get; set; }

    /// <summary>The transport, such as <c>http2</c>.</summary>
    public string Transport { get; set; }

    /// <summary>The host it listens on.</summary>
    public string TargetHost { get; set; } = "localhost";

    /// <summary>The port that others reach it by; none: any free one.</summary>
    public int? Port { get; set; }

    /// <summary>The port that the process listens on; none: the same.</summary>
    public int? TargetPort { get; set; }

    /// <summary>Whether it is reached from outside when published.</summary>
    public bool IsExternal { get; set; }

    /// <summary>Whether a proxy may stand before it. Here one does only before replicas.</summary>
    public bool IsProxied { get; set; }

    /// <summary>Its address, once the application has started.</summary>
    public AllocatedEndpoint? AllocatedEndpoint
    {
        get => _allocated.Task.IsCompletedSuccessfully ? _allocated.Task.Result : null;
        set => _allocated.TrySetResult(value ?? throw new ArgumentNullException(nameof(value)));
    }

    internal Task<AllocatedEndpoint> Allocation => _allocated.Task;

    /// <summary>Where its port was said, and what it is called there: for the one who has to change it.</summary>
    internal string? PortSource { get; set; }

    /// <summary>Where the processes listen when there are more than one; the endpoint's own address is then the relay's.</summary>
    internal IReadOnlyList<int> ReplicaPorts { get; set; } = [];

    /// <summary>The variables that tell the process its port.</summary>
    internal List<string> PortVariables { get; } = [];
}

/// <summary>The address that an endpoint got.</summary>
public class AllocatedEndpoint(EndpointAnnotation endpoint, string address, int port, string? targetPortExpression = null)
{
    /// <summary>The endpoint.</summary>
    public EndpointAnnotation Endpoint { get; } = endpoint;

    /// <summary>Its host.</summary>
    public string Address { get; } = address;

    /// <summary>Its port.</summary>
    public int Port { get; } = port;

    /// <summary>The expression that gave the port.</summary>
    public string? TargetPortExpression { get; } = targetPortExpression;

    /// <summary>Its scheme.</summary>
    public string UriScheme => Endpoint.UriScheme;

    /// <summary>Host and port.</summary>
    public string EndPointString => $"{Address}:{Port}";

    /// <summary>Scheme, host and port.</summary>
    public string UriString => $"{UriScheme}://{EndPointString}";

    /// <inheritdoc/>
    public override string ToString() => UriString;
}

/// <summary>A part of an endpoint's address.</summary>
public enum EndpointProperty
{
    /// <summary>Scheme, host and port.</summary>
    Url = 0,

    /// <summary>The host.</summary>
    Host = 1,

    /// <summary>The host as an IPv4 address.</summary>
    IPV4Host = 2,

    /// <summary>The port.</summary>
    Port = 3,

    /// <summary>The scheme.</summary>
    Scheme = 4,

    /// <summary>The port that the process listens on.</summary>
    TargetPort = 5,

    /// <summary>Host and port.</summary>
    HostAndPort = 6
}

/// <summary>An endpoint of a resource, by its name.</summary>
public sealed class EndpointReference : IExpressionValue, IValueWithReferences
{
    EndpointAnnotation? _endpoint;

    /// <summary>Refers to an endpoint that need not be described yet.</summary>
    public EndpointReference(IResourceWithEndpoints owner, string endpointName)
    {
        Resource = owner;
        EndpointName = endpointName;
    }

    /// <summary>Refers to an endpoint.</summary>
    public EndpointReference(IResourceWithEndpoints owner, EndpointAnnotation endpoint) : this(owner, endpoint.Name) => _endpoint = endpoint;

    /// <summary>Whose endpoint.</summary>
    public IResourceWithEndpoints Resource { get; }

    /// <summary>Its name.</summary>
    public string EndpointName { get; }

    /// <summary>What was said about it.</summary>
    public EndpointAnnotation EndpointAnnotation => Find() ?? throw new DistributedApplicationException(
        $"Resource '{Resource.Name}' has no endpoint named '{EndpointName}': add one, or refer to one of those it has.");

    /// <summary>Whether it is described.</summary>
    public bool Exists => Find() is not null;

    /// <summary>Whether it has an address yet.</summary>
    public bool IsAllocated => Find()?.AllocatedEndpoint is not null;

    /// <summary>Whether its scheme is http.</summary>
    public bool IsHttp => Scheme == "http";

    /// <summary>Whether its scheme is https.</summary>
    public bool IsHttps => Scheme == "https";

    /// <summary>Its host.</summary>
    public string Host => Allocated.Address;

    /// <summary>Its port.</summary>
    public int Port => Allocated.Port;

    /// <summary>The port that the process listens on.</summary>
    public int? TargetPort => EndpointAnnotation.AllocatedEndpoint?.Port ?? EndpointAnnotation.TargetPort;

    /// <summary>Its scheme.</summary>
    public string Scheme => EndpointAnnotation.UriScheme;

    /// <summary>Scheme, host and port.</summary>
    public string Url => Allocated.UriString;

    string IManifestExpressionProvider.ValueExpression => Property(EndpointProperty.Url).ValueExpression;

    IEnumerable<object> IValueWithReferences.References => [Resource];

    AllocatedEndpoint Allocated => EndpointAnnotation.AllocatedEndpoint ?? throw new InvalidOperationException(
        $"Endpoint '{EndpointName}' of '{Resource.Name}' has no address until the application starts.");

    /// <summary>A part of its address.</summary>
    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);

    /// <summary>Scheme, host and port; waits until they are known.</summary>
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) =>
        Property(EndpointProperty.Url).GetValueAsync(cancellationToken);

    /// <summary>Scheme, host and port, as one caller sees them.</summary>
    public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default) =>
        GetValueAsync(cancellationToken);

    EndpointAnnotation? Find() => _endpoint ??= Resource.Annotations.OfType<EndpointAnnotation>()
        .FirstOrDefault(endpoint => string.Equals(endpoint.Name, EndpointName, StringComparison.OrdinalIgnoreCase));
}

/// <summary>A part of an endpoint's address.</summary>
public class EndpointReferenceExpression(EndpointReference endpointReference, EndpointProperty property) : IExpressionValue, IValueWithReferences
{
    /// <summary>The endpoint.</summary>
    public EndpointReference Endpoint { get; } = endpointReference;

    /// <summary>The part.</summary>
    public EndpointProperty Property { get; } = property;

    /// <inheritdoc/>
    public string ValueExpression => $"{{{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}.{JsonName(Property)}}}";

    IEnumerable<object> IValueWithReferences.References => [Endpoint];

    /// <summary>The part; waits until it is known.</summary>
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var allocated = await Endpoint.EndpointAnnotation.Allocation.WaitAsync(cancellationToken);
        return Property switch
        {
            EndpointProperty.Url => allocated.UriString,
            EndpointProperty.Host => allocated.Address,
            EndpointProperty.IPV4Host => allocated.Address == "localhost" ? "127.0.0.1" : allocated.Address,
            EndpointProperty.Port or EndpointProperty.TargetPort => allocated.Port.ToString(CultureInfo.InvariantCulture),
            EndpointProperty.Scheme => allocated.UriScheme,
            EndpointProperty.HostAndPort => allocated.EndPointString,
            _ => throw new InvalidOperationException($"An endpoint has no part '{Property}'.")
        };
    }

    /// <summary>The part, as one caller sees it.</summary>
    public ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default) =>
        GetValueAsync(cancellationToken);

    static string JsonName(EndpointProperty property) => char.ToLowerInvariant(property.ToString()[0]) + property.ToString()[1..];
}
