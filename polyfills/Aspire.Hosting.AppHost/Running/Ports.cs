using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Gives every endpoint its address. A fixed port that is taken stops the application before anything has started.</summary>
static class Ports
{
    public static void Allocate(IEnumerable<IResource> resources, bool randomize)
    {
        var endpoints = resources.SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => (resource, endpoint))).ToArray();
        var owners = new Dictionary<int, string>();
        var reserved = new List<Socket>();
        try
        {
            foreach (var (resource, endpoint) in endpoints.Where(pair => !randomize && Fixed(pair.endpoint) is not null))
            {
                var port = Fixed(endpoint)!.Value;
                var source = endpoint.PortSource ?? $"endpoint '{endpoint.Name}' in the AppHost";
                if (!owners.TryAdd(port, resource.Name)) throw new DistributedApplicationException($"{Wanted(port, resource.Name, source)} is wanted by {owners[port]} too: change one of them.");
                if (!TryListen(endpoint.TargetHost, port, reserved)) throw new DistributedApplicationException(InUse(port, resource.Name, source));
            }

            foreach (var (resource, endpoint) in endpoints)
            {
                var port = (randomize ? null : Fixed(endpoint)) ?? Free(endpoint.TargetHost, owners, reserved);
                var host = endpoint.TargetHost is "0.0.0.0" or "::" or "[::]" or "*" or "+" ? "localhost" : endpoint.TargetHost;
                endpoint.AllocatedEndpoint = new(endpoint, host, port);
                var replicas = resource.GetReplicaCount();
                if (replicas > 1) endpoint.ReplicaPorts = [.. Enumerable.Range(0, replicas).Select(_ => Free(endpoint.TargetHost, owners, reserved))];
            }
        }
        finally
        {
            foreach (var socket in reserved) socket.Dispose();
        }
    }

    /// <summary>Whether somebody listens there on loopback.</summary>
    public static bool IsTaken(int port)
    {
        var reserved = new List<Socket>();
        try
        {
            return !TryListen("localhost", port, reserved);
        }
        finally
        {
            foreach (var socket in reserved) socket.Dispose();
        }
    }

    /// <summary>A free port, for what takes it at once, other than those that are spoken for.</summary>
    public static int FreeOne(params IEnumerable<int> besides)
    {
        var reserved = new List<Socket>();
        try
        {
            return Free("localhost", besides.ToDictionary(port => port, _ => ""), reserved);
        }
        finally
        {
            foreach (var socket in reserved) socket.Dispose();
        }
    }

    /// <summary>What is said where a port is in use that somebody wants.</summary>
    public static string InUse(int port, string who, string source) =>
        $"{Wanted(port, who, source)} is in use: stop the process that listens there, change the port, or take free ones everywhere with DcpPublisher:RandomizePorts=true.";

    static string Wanted(int port, string who, string source) => $"Port {port}, which {who} wants ({source}),";

    static int? Fixed(EndpointAnnotation endpoint) => endpoint.Port ?? endpoint.TargetPort;

    // Held until all have one, so that no two get the same. Drawn from below the range in which Linux and macOS choose the near ends of
    // outgoing connections: one of those could take the port between here and the start of the process that is to listen there.
    static int Free(string host, Dictionary<int, string> taken, List<Socket> reserved)
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var port = Random.Shared.Next(20_000, 32_768);
            if (taken.ContainsKey(port) || Listen(IPAddress.Loopback, port) is not { } socket) continue;
            reserved.Add(socket);
            if (host == "127.0.0.1" || TryListenV6(IPAddress.IPv6Loopback, port, reserved)) return port;
        }

        throw new DistributedApplicationException("No port between 20000 and 32767 is free: stop some of the processes that listen there.");
    }

    static bool TryListen(string host, int port, List<Socket> reserved)
    {
        var any = host is not ("localhost" or "127.0.0.1" or "[::1]" or "::1");
        if (Listen(any ? IPAddress.Any : IPAddress.Loopback, port) is not { } socket) return false;
        reserved.Add(socket);
        return host == "127.0.0.1" || TryListenV6(any ? IPAddress.IPv6Any : IPAddress.IPv6Loopback, port, reserved);
    }

    static bool TryListenV6(IPAddress address, int port, List<Socket> reserved)
    {
        if (!Socket.OSSupportsIPv6) return true;
        if (Listen(address, port) is not { } socket) return false;
        reserved.Add(socket);
        return true;
    }

    static Socket? Listen(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen();
            return socket;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            socket.Dispose();
            return null;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable)
        {
            return socket; // no such address on this machine, as with IPv6 switched off: nobody can be there
        }
    }
}
