using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Running;

/// <summary>Reads switches from the configuration.</summary>
static class Switches
{
    public static bool IsOn(this IConfiguration configuration, string key) => configuration[key] switch
    {
        null or "" => false,
        var value when bool.TryParse(value, out var on) => on,
        var value => throw new DistributedApplicationException($"{key} is '{value}', which is neither true nor false: correct it in the AppHost's configuration.")
    };
}
