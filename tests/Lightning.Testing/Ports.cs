using System.Net;
using System.Net.Sockets;

namespace Lightning.Testing;

/// <summary>
/// Ports for processes that must be given a port. Those that can listen on port 0 do that instead.
/// </summary>
public static class Ports
{
    // Below the system's ephemeral ports, which another process could take before this one is used, and apart from the
    // AppHost's random and fixed ports.
    const int First = 11_000,
        Last = 18_000;
    static readonly HashSet<int> given = [];

    /// <summary>A free loopback port that this process has not returned before.</summary>
    public static int Free()
    {
        lock (given)
        {
            for (var attempt = 0; attempt < 1000; attempt++)
                if (Random.Shared.Next(First, Last) is var port && IsFree(port) && given.Add(port))
                    return port;
        }
        throw new InvalidOperationException($"No port between {First} and {Last} is free.");
    }

    static bool IsFree(int port)
    {
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            using var listener = new TcpListener(address, port);
            try
            {
                listener.Start();
            }
            catch (SocketException ex)
                when (ex.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                return false;
            }
            catch (SocketException ex)
                when (ex.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
            {
                // The machine has no such address.
            }
        }
        return true;
    }
}
