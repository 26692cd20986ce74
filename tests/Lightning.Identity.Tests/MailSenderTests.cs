using Lightning.Data;
using Lightning.Identity.Mail;
using Lightning.Sessions.Model;
using Lightning.Testing;
using MailKit.Security;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using MimeKit;

namespace Lightning.Identity.Tests;

public class MailSenderTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(20);
    readonly LogLines logs = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mail_Added_IsSentOnceImmediately()
    {
        await using var server = new MailServer();
        using var first = Sender(server);
        using var second = Sender(server);
        await Task.WhenAll(first.StartAsync(Cancellation), second.StartAsync(Cancellation));
        await WriteAsync("ada@example.com", identity.Clock.GetUtcNow().AddMinutes(10));
        var mail = await ReceiveAsync(server);
        mail.To.ToString().ShouldBe("ada@example.com");
        mail.From.Mailboxes.Single()
            .ShouldSatisfyAllConditions(
                from => from.Name.ShouldBe("Lightning"),
                from => from.Address.ShouldBe("no-reply@localhost")
            );
        await EmptyAsync();
        await Task.WhenAll(first.StopAsync(Cancellation), second.StopAsync(Cancellation));
        server.Received.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task Mail_RefusedByServer_IsRetriedUntilItsLinksExpireAndStaysAsFailed()
    {
        await using var server = new MailServer { Recipient = "451 later" };
        using var sender = Sender(server);
        await sender.StartAsync(Cancellation);
        await WriteAsync("bob@example.com", identity.Clock.GetUtcNow().AddMinutes(10));
        await AttemptedAsync();
        await using (var db = identity.Database.Connect())
            (await db.Outbox.SingleAsync(Cancellation)).DueAt.ShouldBe(identity.Clock.GetUtcNow().AddSeconds(2));

        identity.Clock.Advance(TimeSpan.FromMinutes(10));
        identity.Services.GetRequiredService<Mail.MailOutbox>().Wake();
        await UntilAsync(async db => await db.Outbox.AnyAsync(row => row.FailedAt != null, Cancellation));
        await sender.StopAsync(Cancellation);
        server.Received.TryRead(out _).ShouldBeFalse();
        await using (var db = identity.Database.Connect())
        {
            var failed = await db.Outbox.SingleAsync(Cancellation);
            failed.LastError.ShouldBe("The mail server refused the recipient with status 451.");
            failed.ExpiresAt.ShouldBe(identity.Clock.GetUtcNow());
        }
        await DropAsync();
    }

    [Fact]
    public async Task Mail_Failed_IsSentWhenItIsTriedAgain()
    {
        await using var server = new MailServer();
        using var sender = Sender(server);
        var id = await WriteAsync("leo@example.com", identity.Clock.GetUtcNow().AddMinutes(10));
        await using var db = identity.Database.Connect();
        var now = identity.Clock.GetUtcNow();
        await db.Outbox.ExecuteUpdateAsync(row => row.SetProperty(one => one.FailedAt, now), Cancellation);
        await sender.StartAsync(Cancellation);
        // A mail that is written later is sent first: the failed one is not tried by itself.
        await WriteAsync("mia@example.com", identity.Clock.GetUtcNow().AddMinutes(10));
        (await ReceiveAsync(server)).To.ToString().ShouldBe("mia@example.com");
        (await db.Outbox.AsNoTracking().SingleAsync(row => row.Id == id, Cancellation)).FailedAt.ShouldNotBeNull();

        await db.Outbox.ExecuteUpdateAsync(
            row => row.SetProperty(one => one.FailedAt, (DateTimeOffset?)null),
            Cancellation
        );
        identity.Services.GetRequiredService<Mail.MailOutbox>().Wake();

        (await ReceiveAsync(server)).To.ToString().ShouldBe("leo@example.com");
        await EmptyAsync();
        await sender.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Mail_Undecryptable_IsSetAsideWithoutBlockingOthers()
    {
        await using var server = new MailServer();
        using var sender = Sender(server);
        await using (var db = identity.Database.Connect())
        {
            // Encrypted with a missing key; encrypted but not a mail; empty.
            var sealing = identity
                .Services.GetRequiredService<IDataProtectionProvider>()
                .CreateProtector("Lightning.Identity.Mail");
            foreach (
                var payload in new[]
                {
                    Guid.NewGuid().ToByteArray(),
                    sealing.Protect("null"u8.ToArray()),
                    sealing.Protect("no mail"u8.ToArray()),
                    [],
                }
            )
                db.Outbox.Add(
                    new OutboxMessage
                    {
                        Kind = OutboxMessage.Mail,
                        Payload = payload,
                        DueAt = identity.Clock.GetUtcNow().AddMinutes(-1),
                    }
                );
            await db.SaveChangesAsync(Cancellation);
        }
        await sender.StartAsync(Cancellation);
        await WriteAsync("carol@example.com", identity.Clock.GetUtcNow().AddMinutes(10));
        (await ReceiveAsync(server)).To.ToString().ShouldBe("carol@example.com");
        await UntilAsync(async db => !await db.Outbox.AnyAsync(row => row.FailedAt == null, Cancellation));
        sender.ExecuteTask!.IsCompleted.ShouldBeFalse("the sender is still running");
        await sender.StopAsync(Cancellation);
        await using var after = identity.Database.Connect();
        (
            await after
                .Outbox.Where(row => row.FailedAt != null && row.LastError!.Contains("cannot be decrypted"))
                .ExecuteDeleteAsync(Cancellation)
        ).ShouldBe(4);
    }

    [Fact]
    public async Task Mail_HasMessageIdDateTextAndHtml()
    {
        await using var server = new MailServer();
        using var sender = Sender(server);
        var id = await WriteAsync("dora@example.com", identity.Clock.GetUtcNow().AddMinutes(10), "Grüße");

        await sender.StartAsync(Cancellation);
        var mail = await ReceiveAsync(server);
        await EmptyAsync();
        await sender.StopAsync(Cancellation);

        mail.MessageId.ShouldBe($"{id:N}@localhost");
        mail.Date.ShouldBe(identity.Clock.GetUtcNow());
        mail.Headers[HeaderId.AutoSubmitted].ShouldBe("auto-generated");
        // Only for mails that people subscribe to (RFC 2369). These are about the recipient's account.
        mail.Headers.Contains(HeaderId.ListUnsubscribe).ShouldBeFalse();
        mail.Subject.ShouldBe("Grüße");
        mail.Body.ShouldBeOfType<MultipartAlternative>()
            .Select(part => part.ContentType.MimeType)
            .ShouldBe(["text/plain", "text/html"]);
        mail.TextBody!.TrimEnd().ShouldBe("Grüße as text");
        mail.HtmlBody!.TrimEnd().ShouldBe("<p>Grüße as HTML</p>");
    }

    [Fact]
    public async Task Mail_SentAgain_HasTheSameMessageId()
    {
        var id = Guid.CreateVersion7();
        var mail = new OutgoingMail("dora@example.com", "Again", "Text", "<p>HTML</p>", identity.Clock.GetUtcNow());
        await using var server = new MailServer();
        var delivery = Delivery(server);

        await delivery.SendAsync(id, mail, Cancellation);
        await delivery.SendAsync(id, mail, Cancellation);
        await delivery.SendAsync(Guid.CreateVersion7(), mail, Cancellation);

        var ids = new[] { await ReceiveAsync(server), await ReceiveAsync(server), await ReceiveAsync(server) }
            .Select(received => received.MessageId)
            .ToArray();
        ids[1].ShouldBe(ids[0]);
        ids[2].ShouldNotBe(ids[0]);
    }

    [Fact]
    public async Task Mail_RefusedPermanently_IsRetriedAndLoggedWithoutAddress()
    {
        await using var server = new MailServer { Recipient = "550 <erin@example.com> does not live here" };
        using var sender = Sender(server);
        await WriteAsync("erin@example.com", identity.Clock.GetUtcNow().AddMinutes(10));

        await sender.StartAsync(Cancellation);
        await AttemptedAsync();
        await sender.StopAsync(Cancellation);

        Failure().ShouldContain("(RecipientNotAccepted 550)");
        await using (var db = identity.Database.Connect())
            (await db.Outbox.SingleAsync(Cancellation)).LastError.ShouldBe(
                "The mail server refused the recipient with status 550."
            );
        logs.All.ShouldAllBe(line => !line.Contains("erin", StringComparison.Ordinal));
        await DropAsync();
    }

    [Fact]
    public async Task Mail_ServerHangs_IsRetriedAfterThirtySeconds()
    {
        await using var server = new MailServer { Recipient = null };
        var clock = new FakeTimeProvider(identity.Clock.GetUtcNow());
        using var sender = Sender(server, clock: clock);
        await WriteAsync("frank@example.com", identity.Clock.GetUtcNow().AddMinutes(10));

        await sender.StartAsync(Cancellation);
        await server.Hanging.WaitAsync(WaitTimeout, Cancellation);
        clock.Advance(TimeSpan.FromSeconds(29));
        logs.All.ShouldBeEmpty();
        clock.Advance(TimeSpan.FromSeconds(1));
        await AttemptedAsync();
        await sender.StopAsync(Cancellation);

        Failure().ShouldContain("Canceled");
        await DropAsync();
    }

    [Fact]
    public async Task MailServer_RequiresAuthentication_GetsCredentialsOfTheUri()
    {
        await using var server = new MailServer { Credentials = ("us er", "pass:word") };
        using var sender = Sender(server, "us%20er:pass:word@");
        await sender.StartAsync(Cancellation);

        await WriteAsync("grace@example.com", identity.Clock.GetUtcNow().AddMinutes(10));

        (await ReceiveAsync(server)).To.ToString().ShouldBe("grace@example.com");
        await EmptyAsync();
        await sender.StopAsync(Cancellation);
    }

    [Theory]
    [InlineData("", "ServiceNotAuthenticatedException")]
    [InlineData("user:wrong@", "AuthenticationException")]
    public async Task MailServer_RefusesCredentials_MailIsRetried(string userInfo, string kind)
    {
        await using var server = new MailServer { Credentials = ("user", "password") };
        using var sender = Sender(server, userInfo);
        await WriteAsync("heidi@example.com", identity.Clock.GetUtcNow().AddMinutes(10));

        await sender.StartAsync(Cancellation);
        await AttemptedAsync();
        await sender.StopAsync(Cancellation);

        Failure().ShouldContain($"({kind})");
        await DropAsync();
    }

    [Fact]
    public async Task MailServer_WithoutEncryption_GetsNoMailFromSmtps()
    {
        await using var server = new MailServer();
        using var sender = Sender(server, scheme: "smtps");
        await WriteAsync("ivan@example.com", identity.Clock.GetUtcNow().AddMinutes(10));

        await sender.StartAsync(Cancellation);
        await AttemptedAsync();
        await sender.StopAsync(Cancellation);

        Failure().ShouldContain("(NotSupportedException)");
        server.Received.TryRead(out _).ShouldBeFalse();
        await DropAsync();
    }

    [Theory]
    [InlineData("smtp://mail.example.com", 25, SecureSocketOptions.StartTlsWhenAvailable)]
    [InlineData("smtp://mail.example.com:465", 465, SecureSocketOptions.StartTlsWhenAvailable)]
    [InlineData("smtps://mail.example.com", 587, SecureSocketOptions.StartTls)]
    [InlineData("smtps://mail.example.com:2525", 2525, SecureSocketOptions.StartTls)]
    [InlineData("smtps://mail.example.com:465", 465, SecureSocketOptions.SslOnConnect)]
    public void SmtpUri_DeterminesPortAndEncryption(string uri, int port, SecureSocketOptions security) =>
        MailDelivery.Connection(new Uri(uri)).ShouldBe((port, security));

    MailSender Sender(MailServer server, string userInfo = "", string scheme = "smtp", TimeProvider? clock = null)
    {
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(logs));
        return new(
            identity.Services.GetRequiredService<IServiceScopeFactory>(),
            identity.Services.GetRequiredService<Mail.MailOutbox>(),
            Delivery(server, userInfo, scheme, clock),
            identity.Clock,
            factory.CreateLogger<MailSender>()
        );
    }

    MailDelivery Delivery(
        MailServer server,
        string userInfo = "",
        string scheme = "smtp",
        TimeProvider? clock = null
    ) =>
        new(
            Options.Create(new MailOptions { Uri = $"{scheme}://{userInfo}127.0.0.1:{server.Port}" }),
            Options.Create(new ProviderOptions { Issuer = People.Issuer }),
            clock ?? identity.Clock
        );

    string Failure() => logs.All.Single(line => line.Contains("was not sent at attempt 1", StringComparison.Ordinal));

    static async Task<MimeMessage> ReceiveAsync(MailServer server)
    {
        var mail = await server.Received.ReadAsync(Cancellation).AsTask().WaitAsync(WaitTimeout, Cancellation);
        using var stream = new MemoryStream(mail);
        return await MimeMessage.LoadAsync(stream, Cancellation);
    }

    Task AttemptedAsync() => UntilAsync(async db => await db.Outbox.AnyAsync(row => row.Attempts == 1, Cancellation));

    async Task DropAsync()
    {
        await using var db = identity.Database.Connect();
        (await db.Outbox.ExecuteDeleteAsync(Cancellation)).ShouldBe(1);
    }

    async Task<Guid> WriteAsync(string to, DateTimeOffset goodUntil, string what = "A subject")
    {
        var outbox = identity.Services.GetRequiredService<Mail.MailOutbox>();
        await using var db = identity.Database.ConnectAs("identity");
        outbox.Add(db, new OutgoingMail(to, what, $"{what} as text", $"<p>{what} as HTML</p>", goodUntil));
        await db.SaveChangesAsync(Cancellation);
        outbox.Wake();
        return db.Outbox.Local.Single().Id;
    }

    Task EmptyAsync() => UntilAsync(async db => !await db.Outbox.AnyAsync(Cancellation));

    async Task UntilAsync(Func<LightningDb, Task<bool>> condition)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        timeout.CancelAfter(WaitTimeout);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        do
        {
            await using var db = identity.Database.Connect();
            if (await condition(db))
                return;
        } while (await poll.WaitForNextTickAsync(timeout.Token));
    }
}
