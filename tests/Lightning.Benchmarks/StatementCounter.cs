using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Lightning.Benchmarks;

/// <summary>
/// A TCP proxy to Postgres that counts the executed statements by their protocol messages (Execute and Query), which
/// are the same for every driver.
/// </summary>
sealed class StatementCounter : IAsyncDisposable
{
    const byte Execute = (byte)'E',
        Query = (byte)'Q';

    readonly NpgsqlConnectionStringBuilder target;
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource stop = new();
    readonly Task accepting;
    long count;

    public StatementCounter(string connectionString)
    {
        target = new NpgsqlConnectionStringBuilder(connectionString);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The connection string through the counter.</summary>
    public string ConnectionString =>
        new NpgsqlConnectionStringBuilder(target.ConnectionString)
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)listener.LocalEndpoint).Port,
            // Encryption would hide the messages.
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
        }.ConnectionString;

    public long Count => Interlocked.Read(ref count);

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
        var connections = new List<Task>();
        try
        {
            while (true)
                connections.Add(ForwardAsync(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    async Task ForwardAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient { NoDelay = true })
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(target.Host!, target.Port, stop.Token);
                await Task.WhenAny(
                    CountAsync(client.GetStream(), server.GetStream()),
                    server.GetStream().CopyToAsync(client.GetStream(), stop.Token)
                );
            }
            catch (Exception ex) when (ex is IOException or SocketException or OperationCanceledException)
            {
                // One side has closed the connection.
            }
        }
    }

    /// <summary>Forwards messages: a type (except in the first message), and a length that includes itself.</summary>
    async Task CountAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[64 * 1024];
        for (var isFirst = true; ; isFirst = false)
        {
            var head = isFirst ? 4 : 5;
            await from.ReadExactlyAsync(buffer.AsMemory(0, head), stop.Token);
            var length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(head - 4)) - 4 + head;
            if (length > buffer.Length)
                Array.Resize(ref buffer, length);
            await from.ReadExactlyAsync(buffer.AsMemory(head, length - head), stop.Token);
            if (!isFirst && buffer[0] is Execute or Query)
                Interlocked.Increment(ref count);
            await to.WriteAsync(buffer.AsMemory(0, length), stop.Token);
        }
    }
}
