using System.Net;
using System.Net.Sockets;

namespace Lightning.Testing;

/// <summary>Ports for what is told its port before it listens. What can listen at any port, and say afterwards at which, does that instead.</summary>
public static class Ports
{
    // Below the ports that the system gives to outgoing connections and to whoever asks for any: one of those would be there before whom this one is for.
    // Apart from those that an AppHost draws, and from the fixed ones.
    const int First = 11_000, Last = 18_000;
    static readonly HashSet<int> given = [];

    /// <summary>A port of loopback at which nobody listens, and which nobody else in this process is given.</summary>
    public static int Free()
    {
        lock (given)
        {
            for (var attempt = 0; attempt < 1000; attempt++)
                if (Random.Shared.Next(First, Last) is var port && IsFree(port) && given.Add(port)) return port;
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
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                return false;
            }
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
            {
                // No such address on this machine: nobody can be there.
            }
        }
        return true;
    }
}
