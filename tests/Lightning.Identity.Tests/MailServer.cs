using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Lightning.Identity.Tests;

/// <summary>A minimal SMTP server (RFC 5321) with one connection at a time.</summary>
sealed class MailServer : IAsyncDisposable
{
    readonly TcpListener listener = new(IPAddress.Loopback, 0);
    readonly Channel<byte[]> received = Channel.CreateUnbounded<byte[]>();
    readonly TaskCompletionSource hanging = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly CancellationTokenSource stopped = new();
    readonly Task accepting;

    public MailServer()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The reply to RCPT; null for none: the server hangs.</summary>
    public string? Recipient { get; init; } = "250 fine";

    /// <summary>The required credentials; null for none.</summary>
    public (string User, string Password)? Credentials { get; init; }

    /// <summary>Completes when the server does not reply to a command.</summary>
    public Task Hanging => hanging.Task;

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>The received mails.</summary>
    public ChannelReader<byte[]> Received => received.Reader;

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(stopped.Token);
                await ServeAsync(client.GetStream());
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    async Task ServeAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await using var writer = new StreamWriter(stream, new UTF8Encoding(false))
        {
            NewLine = "\r\n",
            AutoFlush = true,
        };
        var isSignedIn = Credentials is null;
        await writer.WriteLineAsync("220 ready");
        while (await ReadLineAsync(reader) is { } line)
        {
            if (line == "QUIT")
            {
                await writer.WriteLineAsync("221 bye");
                return;
            }
            if (line.StartsWith("AUTH PLAIN ", StringComparison.Ordinal))
                isSignedIn = IsCredential(line["AUTH PLAIN ".Length..]);
            if (Reply(line, isSignedIn) is { } reply)
                await writer.WriteLineAsync(reply);
            else
                hanging.TrySetResult();
            if (line != "DATA")
                continue;
            received.Writer.TryWrite(await ReadMailAsync(reader));
            await writer.WriteLineAsync("250 taken");
        }
    }

    string? Reply(string line, bool isSignedIn) =>
        line.Split(' ', ':')[0] switch
        {
            "EHLO" when Credentials is not null => "250-here\r\n250 AUTH PLAIN",
            "AUTH" => isSignedIn ? "235 welcome" : "535 unknown",
            "MAIL" when !isSignedIn => "530 sign in first",
            "RCPT" => Recipient,
            "DATA" => "354 go on",
            "STARTTLS" => "502 not here",
            _ => "250 fine",
        };

    bool IsCredential(string response) =>
        Credentials is var (user, password)
        && Encoding.UTF8.GetString(Convert.FromBase64String(response)) == $"\0{user}\0{password}";

    async Task<byte[]> ReadMailAsync(StreamReader reader)
    {
        var mail = new StringBuilder();
        while (await ReadLineAsync(reader) is { } text and not ".")
            mail.Append(text).Append("\r\n");
        return Encoding.UTF8.GetBytes(mail.ToString());
    }

    /// <summary>The next line; null if the connection or the test has ended.</summary>
    async Task<string?> ReadLineAsync(StreamReader reader)
    {
        try
        {
            return await reader.ReadLineAsync(stopped.Token);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopped.CancelAsync();
        await accepting;
        listener.Stop();
        stopped.Dispose();
    }
}
