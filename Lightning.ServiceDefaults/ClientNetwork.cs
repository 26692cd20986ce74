using System.Net;
using Microsoft.AspNetCore.Http;

namespace Lightning.ServiceDefaults;

/// <summary>Who counts as one where addresses are counted.</summary>
public static class ClientNetwork
{
    /// <summary>An IPv4 address, or an IPv6 network of 64 bits: within that anybody has as many addresses as they like.</summary>
    public static IPAddress Of(IPAddress? address)
    {
        if (address is null) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length) || length != bytes.Length) return address;
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Where a request comes from.</summary>
    public static IPAddress Network(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Of(context.Connection.RemoteIpAddress);
    }
}
