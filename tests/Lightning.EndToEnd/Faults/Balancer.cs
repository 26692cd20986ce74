using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Lightning.EndToEnd.Faults;

/// <summary>
/// A TCP load balancer without sticky sessions: each connection goes to any replica in service, and to another one if
/// it is refused.
/// </summary>
sealed class Balancer : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly ConcurrentDictionary<ServiceProcess, bool> inService = new();
    readonly ConcurrentDictionary<TcpClient, ServiceProcess> open = new();
    readonly CancellationTokenSource stop = new();
    readonly Task accepting;

    public Balancer()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>Stops new connections to a replica.</summary>
    public void Drain(ServiceProcess replica) => inService.TryRemove(replica, out _);

    /// <summary>
    /// Removes a replica and closes its connections, which clients would otherwise reuse.
    /// </summary>
    public void Remove(ServiceProcess replica)
    {
        Drain(replica);
        foreach (var (far, to) in open)
            if (to == replica)
                far.Client?.Close(0);
    }

    /// <summary>Adds a replica.</summary>
    public void Add(ServiceProcess replica) => inService[replica] = true;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        listener.Dispose();
        stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ForwardAsync(await listener.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception ex) when (ex is OperationCanceledException or SocketException)
        {
            // The balancer was stopped.
        }
    }

    async Task ForwardAsync(TcpClient near)
    {
        using (near)
        {
            try
            {
                if (await ConnectAsync() is not { } connected)
                    return;
                using var far = connected.Client;
                open[far] = connected.Replica;
                try
                {
                    await Task.WhenAll(CopyAsync(near, far), CopyAsync(far, near));
                }
                finally
                {
                    open.TryRemove(far, out _);
                }
            }
            catch (Exception ex)
                when (ex is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side has closed the connection.
            }
        }
    }

    async Task<(ServiceProcess Replica, TcpClient Client)?> ConnectAsync()
    {
        var replicas = inService.Keys.ToArray();
        Random.Shared.Shuffle(replicas);
        foreach (var replica in replicas)
        {
            var far = new TcpClient();
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, replica.Port, stop.Token);
                return (replica, far);
            }
            catch (SocketException)
            {
                far.Dispose();
            }
        }
        return null;
    }

    /// <summary>Copies one direction and forwards its end; the other direction may stay open.</summary>
    async Task CopyAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), stop.Token);
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ex) when (ex is IOException or SocketException)
        {
            // One side has reset the connection: reset the other too.
            from.Client.Close(0);
            to.Client.Close(0);
        }
    }
}
