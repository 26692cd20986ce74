using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Lightning.Testing;

/// <summary>A wire to the database that can be cut, frozen and mended.</summary>
public sealed class Wire : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly ConcurrentBag<TcpClient> ends = [];
    readonly CancellationTokenSource stop = new();
    readonly NpgsqlConnectionStringBuilder target;
    Task accepting = Task.CompletedTask;
    volatile bool isCut;
    volatile TaskCompletionSource? frozen;

    Wire(string connectionString) => target = new NpgsqlConnectionStringBuilder(connectionString);

    /// <summary>The database, by this wire.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder(target.ConnectionString)
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)listener.LocalEndpoint).Port,
        Timeout = 3,
    }.ConnectionString;

    /// <summary>Lays a wire.</summary>
    public static Task<Wire> StartAsync(string connectionString)
    {
        var wire = new Wire(connectionString);
        wire.listener.Start();
        wire.accepting = wire.AcceptAsync();
        return Task.FromResult(wire);
    }

    /// <summary>Closes every connection, and every new one.</summary>
    public void Cut()
    {
        isCut = true;
        while (ends.TryTake(out var end)) end.Close();
    }

    /// <summary>Holds back what either side sends, without a word to anybody: a server that hangs, or a network that drops.</summary>
    public void Freeze() => frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets it through again.</summary>
    public void Mend()
    {
        isCut = false;
        Interlocked.Exchange(ref frozen, null)?.SetResult();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Cut();
        Mend();
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
            await await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
        }
        catch (Exception fault) when (fault is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // Cut.
        }
        near.Close();
    }

    async Task CopyAsync(TcpClient from, TcpClient to)
    {
        var buffer = new byte[16 * 1024];
        while (await from.GetStream().ReadAsync(buffer, stop.Token) is var read && read > 0)
        {
            if (frozen is { } until) await until.Task.WaitAsync(stop.Token);
            await to.GetStream().WriteAsync(buffer.AsMemory(0, read), stop.Token);
        }
    }
}
