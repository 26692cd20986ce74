using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Lightning.Data;
using Lightning.Data.Outbox;
using Lightning.Identity.Mail;
using Lightning.Testing;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Tests;

public class MailSenderTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mail_ThatIsWritten_IsSentAtOnceAndOnce()
    {
        await using var server = new MailServer();
        using var first = Sender(server);
        using var second = Sender(server);
        await Task.WhenAll(first.StartAsync(Cancellation), second.StartAsync(Cancellation));
        await WriteAsync("ada@example.com", identity.Clock.GetUtcNow().AddMinutes(10));
        var mail = await server.Received.ReadAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation);
        mail.ShouldContain("To: ada@example.com");
        mail.ShouldContain("From: \"Lightning\" <no-reply@localhost>");
        await EmptyAsync();
        await Task.WhenAll(first.StopAsync(Cancellation), second.StopAsync(Cancellation));
        server.Received.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Mail_ThatTheServerRefuses_IsTriedAgainLater_AndDroppedWhenItsLinksHaveEnded()
    {
        await using var server = new MailServer { Refuses = true };
        using var sender = Sender(server);
        await sender.StartAsync(Cancellation);
        await WriteAsync("bob@example.com", identity.Clock.GetUtcNow().AddMinutes(10));
        await UntilAsync(async db => await db.Outbox.AnyAsync(row => row.Attempts == 1, Cancellation));
        await using (var db = identity.Database.Connect())
            (await db.Outbox.SingleAsync(Cancellation)).DueAt.ShouldBe(identity.Clock.GetUtcNow().AddSeconds(2));

        identity.Clock.Advance(TimeSpan.FromMinutes(10));
        identity.Services.GetRequiredService<Mail.Outbox>().Wake();
        await EmptyAsync();
        await sender.StopAsync(Cancellation);
        server.Received.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Mail_ThatCannotBeOpened_IsSetAside_AndKeepsNoOtherWaiting()
    {
        await using var server = new MailServer();
        using var sender = Sender(server);
        await using (var db = identity.Database.Connect())
        {
            // Encrypted by a ring that is lost; sealed by us, but no mail; nothing.
            var sealing = identity.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("Lightning.Identity.Mail");
            foreach (var payload in new[] { Guid.NewGuid().ToByteArray(), sealing.Protect("null"u8.ToArray()), sealing.Protect("no mail"u8.ToArray()), [] })
                db.Outbox.Add(new OutboxMessage { Kind = OutboxMessage.Mail, Payload = payload, DueAt = identity.Clock.GetUtcNow().AddMinutes(-1) });
            await db.SaveChangesAsync(Cancellation);
        }
        await sender.StartAsync(Cancellation);
        await WriteAsync("carol@example.com", identity.Clock.GetUtcNow().AddMinutes(10));
        (await server.Received.ReadAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation)).ShouldContain("To: carol@example.com");
        await UntilAsync(async db => !await db.Outbox.AnyAsync(row => row.Kind == OutboxMessage.Mail, Cancellation));
        sender.ExecuteTask!.IsCompleted.ShouldBeFalse("the sender still works");
        await sender.StopAsync(Cancellation);
        await using var after = identity.Database.Connect();
        (await after.Outbox.Where(row => row.Kind == OutboxMessage.UnreadableMail).ExecuteDeleteAsync(Cancellation)).ShouldBe(4);
    }

    MailSender Sender(MailServer server) => new(identity.Services.GetRequiredService<IServiceScopeFactory>(), identity.Services.GetRequiredService<Mail.Outbox>(),
        Options.Create(new MailOptions { Uri = $"smtp://127.0.0.1:{server.Port}" }), Options.Create(new ProviderOptions { Issuer = People.Issuer }),
        identity.Clock, NullLogger<MailSender>.Instance);

    async Task WriteAsync(string to, DateTimeOffset goodUntil)
    {
        var outbox = identity.Services.GetRequiredService<Mail.Outbox>();
        await using var db = identity.Database.ConnectAs("identity");
        outbox.Add(db, new Message(to, "A subject", "Text", "<p>Text</p>", goodUntil));
        await db.SaveChangesAsync(Cancellation);
        outbox.Wake();
    }

    Task EmptyAsync() => UntilAsync(async db => !await db.Outbox.AnyAsync(Cancellation));

    async Task UntilAsync(Func<LightningDb, Task<bool>> condition)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        timeout.CancelAfter(Patience);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        do
        {
            await using var db = identity.Database.Connect();
            if (await condition(db)) return;
        }
        while (await poll.WaitForNextTickAsync(timeout.Token));
    }

    /// <summary>As much of SMTP (RFC 5321) as a sender needs.</summary>
    sealed class MailServer : IAsyncDisposable
    {
        readonly TcpListener listener = new(IPAddress.Loopback, 0);
        readonly Channel<string> received = Channel.CreateUnbounded<string>();
        readonly Task accepting;

        public MailServer()
        {
            listener.Start();
            accepting = AcceptAsync();
        }

        public bool Refuses { get; init; }

        public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

        public ChannelReader<string> Received => received.Reader;

        async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync();
                    await ServeAsync(client.GetStream());
                }
            }
            catch (SocketException)
            {
                // Stopped.
            }
        }

        async Task ServeAsync(Stream stream)
        {
            using var reader = new StreamReader(stream, Encoding.UTF8);
            await using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
            await writer.WriteLineAsync("220 ready");
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("RCPT", StringComparison.Ordinal) && Refuses) await writer.WriteLineAsync("451 later");
                else if (line == "DATA")
                {
                    await writer.WriteLineAsync("354 go on");
                    var mail = new StringBuilder();
                    while (await reader.ReadLineAsync() is { } text and not ".") mail.AppendLine(text);
                    received.Writer.TryWrite(mail.ToString());
                    await writer.WriteLineAsync("250 taken");
                }
                else if (line == "QUIT")
                {
                    await writer.WriteLineAsync("221 bye");
                    return;
                }
                else await writer.WriteLineAsync("250 fine");
            }
        }

        public async ValueTask DisposeAsync()
        {
            listener.Stop();
            await accepting;
        }
    }
}
