using Lightning.ServiceDefaults;
using Yarp.ReverseProxy.Configuration;

namespace Lightning.Bff.Proxy;

/// <summary>What a proxied route asks of the caller, and gives to the service behind it. Each route must say one: its metadata <c>Security</c>.</summary>
enum RouteSecurity
{
    /// <summary>A session; the request goes on with its access token.</summary>
    Session,

    /// <summary>Nothing; the request goes on without any credential.</summary>
    Anonymous,
}

/// <summary>Reads it.</summary>
static class RouteSecurityReader
{
    const string Key = "Security";

    /// <summary>What the route says; a slip of the pen must never open a route.</summary>
    /// <exception cref="ConfigurationException">It says nothing, or something else, or names no methods.</exception>
    public static RouteSecurity Security(this RouteConfig route)
    {
        var setting = $"ReverseProxy:Routes:{route.RouteId}";
        if (route.Match.Methods is not { Count: > 0 })
            throw new ConfigurationException($"{setting}:Match:Methods is not set: list the methods that may pass, such as GET.");
        if (route.Metadata?.TryGetValue(Key, out var text) != true || string.IsNullOrEmpty(text))
            throw new ConfigurationException($"{setting}:Metadata:{Key} is not set: say {nameof(RouteSecurity.Session)} or {nameof(RouteSecurity.Anonymous)}.");
        return text switch
        {
            nameof(RouteSecurity.Session) => RouteSecurity.Session,
            nameof(RouteSecurity.Anonymous) => RouteSecurity.Anonymous,
            _ => throw new ConfigurationException(
                $"{setting}:Metadata:{Key} is '{text}', which is unknown: say {nameof(RouteSecurity.Session)} or {nameof(RouteSecurity.Anonymous)}."),
        };
    }
}

/// <summary>Turns what a route says into its policy, and a service's name into its address; runs on every load of the configuration.</summary>
sealed class RouteSecurityFilter(IConfiguration configuration) : IProxyConfigFilter
{
    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) =>
        ValueTask.FromResult(route with { AuthorizationPolicy = route.Security() == RouteSecurity.Session ? "default" : "anonymous" });

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
