using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using IPNetwork = System.Net.IPNetwork;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Forwarded headers are accepted only from the addresses and networks in <c>Network:TrustedProxies</c>. The default
/// is empty: unlike the framework's, it does not trust loopback.
/// </summary>
static class TrustedProxies
{
    const string Key = "Network:TrustedProxies";

    public static void AddTrustedProxies(this IHostApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection(Key);
        var trusted = (
            section.Get<string[]>()
            ?? section.Value?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            ?? []
        )
            .Select(Parse)
            .ToArray();
        builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders =
                trusted.Length == 0
                    ? ForwardedHeaders.None
                    : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            // Each hop is checked against the list, so there is no limit: with the default of one, all clients behind
            // a second proxy would share its address.
            options.ForwardLimit = null;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var network in trusted)
                options.KnownIPNetworks.Add(network);
        });
    }

    static IPNetwork Parse(string text)
    {
        if (IPNetwork.TryParse(text, out var network))
            return network;
        if (IPAddress.TryParse(text, out var address))
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        throw new ConfigurationException(
            $"{Key} holds '{text}', which is not an IP address or network: write it like 10.0.0.5 or 10.0.0.0/24."
        );
    }
}
