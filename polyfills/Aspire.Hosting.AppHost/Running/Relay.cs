using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>
/// The one address of a resource that runs more than once. Each connection goes to the next replica that takes it, as with the real orchestrator,
/// so it carries whatever the protocol is: requests, streams, web sockets.
/// </summary>
sealed class Relay : IDisposable
{
    static readonly TimeSpan s_breath = TimeSpan.FromMilliseconds(100);
    readonly List<Socket> _listeners = [];
    readonly CancellationTokenSource _stopping = new();
    readonly IPEndPoint[] _replicas;
    int _turn = -1, _disposed;

    Relay(IPEndPoint[] replicas) => _replicas = replicas;

    /// <summary>Listens at the endpoint's address. The ports were found free when they were given out.</summary>
    public static Relay Start(EndpointAnnotation endpoint)
    {
        var relay = new Relay([.. endpoint.ReplicaPorts.Select(port => new IPEndPoint(IPAddress.Loopback, port))]);
        var any = endpoint.TargetHost is not ("localhost" or "127.0.0.1" or "[::1]" or "::1");
        relay.Listen(any ? IPAddress.Any : IPAddress.Loopback, endpoint.AllocatedEndpoint!.Port);
        if (endpoint.TargetHost != "127.0.0.1" && Socket.OSSupportsIPv6) relay.Listen(any ? IPAddress.IPv6Any : IPAddress.IPv6Loopback, endpoint.AllocatedEndpoint!.Port);
        if (relay._listeners.Count == 0)
        {
            throw new DistributedApplicationException($"Port {endpoint.AllocatedEndpoint!.Port} has been taken by another process while the application was starting: start again.");
        }

        return relay;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _stopping.Cancel();
        foreach (var listener in _listeners) listener.Dispose();
        _stopping.Dispose();
    }

    void Listen(IPAddress address, int port)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6) listener.DualMode = false;
            listener.Bind(new IPEndPoint(address, port));
            listener.Listen();
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressAlreadyInUse)
        {
            listener.Dispose(); // no such address on this machine, or taken in between: the other family may do
            return;
        }

        _listeners.Add(listener);
        _ = AcceptAsync(listener, _stopping.Token);
    }

    async Task AcceptAsync(Socket listener, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                _ = CarryAsync(await listener.AcceptAsync(cancellationToken), cancellationToken);
            }
            catch (SocketException)
            {
                // A caller gone before it was let in, or no file handle left for it: others come.
                await Task.Delay(s_breath, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return; // the application stops
            }
        }
    }

    async Task CarryAsync(Socket client, CancellationToken cancellationToken)
    {
        using (client)
        {
            if (await ConnectAsync(cancellationToken) is not { } server) return; // none runs: the caller sees its connection end
            using (server)
            {
                client.NoDelay = server.NoDelay = true;
                await Task.WhenAll(CopyAsync(client, server, cancellationToken), CopyAsync(server, client, cancellationToken));
            }
        }
    }

    async Task<Socket?> ConnectAsync(CancellationToken cancellationToken)
    {
        var first = Interlocked.Increment(ref _turn);
        for (var tries = 0; tries < _replicas.Length; tries++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(_replicas[(uint)(first + tries) % _replicas.Length], cancellationToken);
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose(); // it is being started again; the next one's turn
                if (cancellationToken.IsCancellationRequested) return null;
            }
        }

        return null;
    }

    // What one side has finished saying, the other is told: a half-closed connection stays open the other way.
    static async Task CopyAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, cancellationToken) is > 0 and var read)
            {
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), cancellationToken);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side is gone: so is what was between them.
            from.Dispose();
            to.Dispose();
        }
    }
}
