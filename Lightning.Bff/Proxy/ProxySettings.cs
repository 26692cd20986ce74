using Lightning.ServiceDefaults;
using Yarp.ReverseProxy.Configuration;

namespace Lightning.Bff.Proxy;

/// <summary>Checks what a route says, and turns a service's name into its address; runs on every load of the configuration.</summary>
sealed class ProxySettings(IConfiguration configuration) : IProxyConfigFilter
{
    /// <summary>Finds what would stop the proxy.</summary>
    /// <exception cref="ConfigurationException">Names the first fault.</exception>
    public void Check(IEnumerable<IProxyConfig> settings)
    {
        foreach (var proxy in settings)
        {
            foreach (var route in proxy.Routes) route.Security();
            foreach (var destination in proxy.Clusters.SelectMany(cluster => cluster.Destinations?.Values ?? [])) Resolve(destination.Address);
        }
    }

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) =>
        // Stated for ASP.NET, which has no part in it: ProxiedSessions asks for the session.
        ValueTask.FromResult(route with { AuthorizationPolicy = "anonymous" });

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel) =>
        ValueTask.FromResult(cluster with
        {
            Destinations = cluster.Destinations?.ToDictionary(
                destination => destination.Key, destination => destination.Value with { Address = Resolve(destination.Value.Address) }, StringComparer.OrdinalIgnoreCase),
        });

    /// <summary><c>http://api</c> is the service called api, wherever Aspire or the configuration says it is.</summary>
    string Resolve(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Host.Contains('.', StringComparison.Ordinal) || !uri.IsDefaultPort || uri.IsLoopback) return address;
        var setting = $"services:{uri.Host}:http:0";
        return configuration[setting] is { Length: > 0 } resolved ? resolved
            : throw new ConfigurationException($"{setting} is not set: give the address of the service '{uri.Host}', such as http://localhost:5102.");
    }
}
