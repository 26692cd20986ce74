using Lightning.ServiceDefaults;
using Yarp.ReverseProxy.Configuration;

namespace Lightning.Bff.Proxy;

/// <summary>Checks what routes and destinations say; runs on every load of the configuration.</summary>
sealed class ProxySettings(IConfiguration configuration) : IProxyConfigFilter
{
    /// <summary>Finds what would stop the proxy.</summary>
    /// <exception cref="ConfigurationException">Names the first fault.</exception>
    public void Check(IEnumerable<IProxyConfig> settings)
    {
        foreach (var proxy in settings)
        {
            foreach (var route in proxy.Routes) route.Security();
            foreach (var cluster in proxy.Clusters) Check(cluster);
        }
    }

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) =>
        // Stated for ASP.NET, which has no part in it: ProxiedSessions asks for the session.
        ValueTask.FromResult(route with { AuthorizationPolicy = "anonymous" });

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        Check(cluster);
        return ValueTask.FromResult(cluster);
    }

    void Check(ClusterConfig cluster)
    {
        foreach (var destination in cluster.Destinations?.Values ?? []) Check(destination.Address);
    }

    /// <summary>
    /// Requires the address of a service: service discovery would take <c>http://api</c> for a host where none is set,
    /// and drop the path of the address.
    /// </summary>
    void Check(string destination)
    {
        if (!Uri.TryCreate(destination, UriKind.Absolute, out var uri) || !IsService(uri)) return;
        var setting = $"services:{uri.Host}:{uri.Scheme}:0";
        if (configuration[setting] is not { Length: > 0 } address)
            throw new ConfigurationException(
                $"{setting} is not set: give the address of the service '{uri.Host}', such as http://localhost:5102.");
        if (!Uri.TryCreate(address, UriKind.Absolute, out var service) || service.Host.Length == 0 || service.PathAndQuery != "/")
            throw new ConfigurationException(
                $"{setting} is '{address}', which is no address: write it like http://localhost:5102, without a path.");
    }

    static bool IsService(Uri uri) => uri.IsDefaultPort && !uri.IsLoopback && !uri.Host.Contains('.', StringComparison.Ordinal);
}
