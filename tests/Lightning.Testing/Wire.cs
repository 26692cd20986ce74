using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Lightning.Testing;

/// <summary>A TCP proxy to the database whose connections can be closed, frozen and restored.</summary>
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

    /// <summary>The connection string through the proxy.</summary>
    public string ConnectionString =>
        new NpgsqlConnectionStringBuilder(target.ConnectionString)
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)listener.LocalEndpoint).Port,
            Timeout = 3,
        }.ConnectionString;

    /// <summary>Starts a proxy.</summary>
    public static Task<Wire> StartAsync(string connectionString)
    {
        var wire = new Wire(connectionString);
        wire.listener.Start();
        wire.accepting = wire.AcceptAsync();
        return Task.FromResult(wire);
    }

    /// <summary>Closes all connections, also new ones.</summary>
    public void Cut()
    {
        isCut = true;
        while (ends.TryTake(out var end))
            end.Close();
    }

    /// <summary>
    /// Stops forwarding without closing connections, like a hanging server or a network that drops packets.
    /// </summary>
    public void Freeze() => frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Forwards again.</summary>
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
            catch (Exception ex) when (ex is OperationCanceledException or SocketException)
            {
                return;
            }
            ends.Add(near);
            if (isCut)
                near.Close();
            else
                _ = ForwardAsync(near);
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
        catch (Exception ex)
            when (ex
                    is IOException
                        or SocketException
                        or ObjectDisposedException
                        or InvalidOperationException
                        or OperationCanceledException
            )
        {
            // The connection was closed.
        }
        near.Close();
    }

    async Task CopyAsync(TcpClient from, TcpClient to)
    {
        var buffer = new byte[16 * 1024];
        while (await from.GetStream().ReadAsync(buffer, stop.Token) is var read && read > 0)
        {
            if (frozen is { } until)
                await until.Task.WaitAsync(stop.Token);
            await to.GetStream().WriteAsync(buffer.AsMemory(0, read), stop.Token);
        }
    }
}
