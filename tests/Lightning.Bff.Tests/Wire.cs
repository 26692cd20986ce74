using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Lightning.Bff.Tests;

/// <summary>A wire to the database that can be cut and mended.</summary>
sealed class Wire : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly ConcurrentBag<TcpClient> ends = [];
    readonly CancellationTokenSource stop = new();
    readonly NpgsqlConnectionStringBuilder target;
    Task accepting = Task.CompletedTask;
    volatile bool isCut;

    Wire(string connectionString) => target = new NpgsqlConnectionStringBuilder(connectionString);

    public string ConnectionString => new NpgsqlConnectionStringBuilder(target.ConnectionString)
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)listener.LocalEndpoint).Port,
        Timeout = 3,
    }.ConnectionString;

    public static Task<Wire> StartAsync(string connectionString)
    {
        var wire = new Wire(connectionString);
        wire.listener.Start();
        wire.accepting = wire.AcceptAsync();
        return Task.FromResult(wire);
    }

    public void Cut()
    {
        isCut = true;
        while (ends.TryTake(out var end)) end.Close();
    }

    public void Mend() => isCut = false;

    public async ValueTask DisposeAsync()
    {
        Cut();
        await stop.CancelAsync();
        listener.Stop();
        await accepting;
        stop.Dispose();
        listener.Dispose();
    }

    async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            TcpClient near;
            try
            {
                near = await listener.AcceptTcpClientAsync(stop.Token);
            }
            catch (Exception fault) when (fault is OperationCanceledException or SocketException)
            {
                return;
            }
            ends.Add(near);
            if (isCut) near.Close();
            else _ = ForwardAsync(near);
        }
    }

    async Task ForwardAsync(TcpClient near)
    {
        using var far = new TcpClient();
        ends.Add(far);
        try
        {
            await far.ConnectAsync(target.Host!, target.Port, stop.Token);
            await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream(), stop.Token), far.GetStream().CopyToAsync(near.GetStream(), stop.Token));
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // Cut.
        }
        near.Close();
    }
}
