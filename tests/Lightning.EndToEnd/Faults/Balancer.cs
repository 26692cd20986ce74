using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Lightning.EndToEnd.Faults;

/// <summary>
/// A balancer without sticky sessions: each connection goes to any replica that is in service, and to another where that one takes none. It knows nothing of HTTP.
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

    /// <summary>Sends nobody new there.</summary>
    public void TakeOut(ServiceProcess replica) => inService.TryRemove(replica, out _);

    /// <summary>Sends nobody new there, and cuts the connections that there are: a client that kept one would go on by it.</summary>
    public void CutOff(ServiceProcess replica)
    {
        TakeOut(replica);
        foreach (var (far, to) in open)
            if (to == replica) far.Client?.Close(0);
    }

    /// <summary>Sends people there.</summary>
    public void PutBack(ServiceProcess replica) => inService[replica] = true;

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
            while (true) _ = ForwardAsync(await listener.AcceptTcpClientAsync(stop.Token));
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException)
        {
            // Stopped.
        }
    }

    async Task ForwardAsync(TcpClient near)
    {
        using (near)
        {
            try
            {
                if (await ConnectAsync() is not { } connected) return;
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
            catch (Exception fault) when (fault is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side has gone; the other notices.
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

    /// <summary>One direction; its end is passed on, the other may go on yet.</summary>
    async Task CopyAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), stop.Token);
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            // Reset by one side: so is the other.
            from.Client.Close(0);
            to.Client.Close(0);
        }
    }
}
