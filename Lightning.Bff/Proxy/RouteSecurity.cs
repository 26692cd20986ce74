using Lightning.ServiceDefaults;
using Yarp.ReverseProxy.Configuration;

namespace Lightning.Bff.Proxy;

/// <summary>
/// The authentication of a proxied route. Each route must set it in its metadata <c>Security</c>.
/// </summary>
enum RouteSecurity
{
    /// <summary>Requires a session; the request is forwarded with its access token.</summary>
    Session,

    /// <summary>Requires nothing; the request is forwarded without credentials.</summary>
    Anonymous,
}

/// <summary>Reads <see cref="RouteSecurity"/> from a route.</summary>
static class RouteSecurityReader
{
    const string Key = "Security";

    /// <summary>The route's setting. There is no default, so that a typo never opens a route.</summary>
    /// <exception cref="ConfigurationException">It is missing or unknown, or the route lists no methods.</exception>
    public static RouteSecurity Security(this RouteConfig route)
    {
        var setting = $"ReverseProxy:Routes:{route.RouteId}";
        if (route.Match.Methods is not { Count: > 0 })
            throw new ConfigurationException(
                $"{setting}:Match:Methods is not set: list the methods that may pass, such as GET."
            );
        if (route.Metadata?.TryGetValue(Key, out var text) != true || string.IsNullOrEmpty(text))
            throw new ConfigurationException(
                $"{setting}:Metadata:{Key} is not set: say {nameof(RouteSecurity.Session)} or "
                    + $"{nameof(RouteSecurity.Anonymous)}."
            );
        return text switch
        {
            nameof(RouteSecurity.Session) => RouteSecurity.Session,
            nameof(RouteSecurity.Anonymous) => RouteSecurity.Anonymous,
            _ => throw new ConfigurationException(
                $"{setting}:Metadata:{Key} is '{text}', which is unknown: say {nameof(RouteSecurity.Session)} or "
                    + $"{nameof(RouteSecurity.Anonymous)}."
            ),
        };
    }
}
