using Lightning.ServiceDefaults;
using Yarp.ReverseProxy.Configuration;

namespace Lightning.Bff.Proxy;

/// <summary>Validates routes and destinations at every load of the configuration.</summary>
sealed class ProxyConfigValidator(IConfiguration configuration) : IProxyConfigFilter
{
    /// <summary>Validates the whole configuration.</summary>
    /// <exception cref="ConfigurationException">The first error.</exception>
    public void Validate(IEnumerable<IProxyConfig> settings)
    {
        foreach (var proxy in settings)
        {
            foreach (var route in proxy.Routes)
                route.Security();
            foreach (var cluster in proxy.Clusters)
                Validate(cluster);
        }
    }

    public ValueTask<RouteConfig> ConfigureRouteAsync(
        RouteConfig route,
        ClusterConfig? cluster,
        CancellationToken cancel
    ) =>
        // ASP.NET Core's authorization is not used: SessionProxyMiddleware authenticates.
        ValueTask.FromResult(route with { AuthorizationPolicy = "anonymous" });

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        Validate(cluster);
        return ValueTask.FromResult(cluster);
    }

    void Validate(ClusterConfig cluster)
    {
        foreach (var destination in cluster.Destinations?.Values ?? [])
            Validate(destination.Address);
    }

    /// <summary>
    /// Requires a service's address: without one, service discovery would use <c>http://api</c> as a host name. It
    /// would also drop a path.
    /// </summary>
    void Validate(string destination)
    {
        if (!Uri.TryCreate(destination, UriKind.Absolute, out var uri) || !IsService(uri))
            return;
        var setting = $"services:{uri.Host}:{uri.Scheme}:0";
        if (configuration[setting] is not { Length: > 0 } address)
            throw new ConfigurationException(
                $"{setting} is not set: give the address of the service '{uri.Host}', such as http://localhost:5102."
            );
        if (
            !Uri.TryCreate(address, UriKind.Absolute, out var service)
            || service.Host.Length == 0
            || service.PathAndQuery != "/"
        )
            throw new ConfigurationException(
                $"{setting} is '{address}', which is not a valid address: write it like http://localhost:5102, without "
                    + "a path."
            );
    }

    static bool IsService(Uri uri) =>
        uri.IsDefaultPort && !uri.IsLoopback && !uri.Host.Contains('.', StringComparison.Ordinal);
}
