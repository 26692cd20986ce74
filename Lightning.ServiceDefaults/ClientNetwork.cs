using System.Net;
using Microsoft.AspNetCore.Http;

namespace Lightning.ServiceDefaults;

/// <summary>The key by which clients are rate limited: their IP address or network.</summary>
public static class ClientNetwork
{
    /// <summary>The IPv4 address, or the IPv6 /64 network, within which one client can choose its address.</summary>
    public static IPAddress Get(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length) || length != bytes.Length)
            return address;
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    /// <summary>The client's IPv4 address or IPv6 /64 network.</summary>
    public static IPAddress Network(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Get(context.Connection.RemoteIpAddress);
    }
}
