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
    readonly ConcurrentDictionary<int, bool> inService = new();
    readonly ConcurrentDictionary<TcpClient, int> open = new();
    readonly CancellationTokenSource stop = new();
    readonly Task accepting;

    public Balancer()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>Sends nobody new there.</summary>
    public void TakeOut(int port) => inService.TryRemove(port, out _);

    /// <summary>Sends nobody new there, and cuts the connections that there are: a client that kept one would go on by it.</summary>
    public void CutOff(int port)
    {
        TakeOut(port);
        foreach (var (far, to) in open)
            if (to == port) far.Client?.Close(0);
    }

    /// <summary>Sends people there.</summary>
    public void PutBack(int port) => inService[port] = true;

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
                using var far = await ConnectAsync();
                if (far is null) return;
                open[far] = ((IPEndPoint)far.Client.RemoteEndPoint!).Port;
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

    async Task<TcpClient?> ConnectAsync()
    {
        var ports = inService.Keys.ToArray();
        Random.Shared.Shuffle(ports);
        foreach (var port in ports)
        {
            var far = new TcpClient();
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, port, stop.Token);
                return far;
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
