using Lightning.Data.Accounts;
using Lightning.Identity.Retention;
using Lightning.Sessions.Model;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

/// <summary>These tests move the clock by weeks, so each has its own service.</summary>
public class RetentionTests(PostgresServer server) : IAsyncLifetime
{
    readonly IdentityUnderTest identity = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => identity.InitializeAsync();

    [Fact]
    public async Task Retention_DeletesExpiredRowsOnly()
    {
        var (_, visitor) = await identity.SignedInAsync("ada");
        var bff = identity.Bff(visitor);
        var first = await bff.TokensAsync();
        var now = identity.Clock.GetUtcNow();
        await using (var db = identity.Database.Connect())
        {
            foreach (var end in new[] { now.AddHours(-2), now.AddMinutes(2) })
                db.SeenTokens.Add(new SeenToken { Hash = Guid.NewGuid().ToByteArray(), ExpiresAt = end });
            foreach (var ago in new[] { 2, 0 })
                db.AccountLinks.Add(
                    AccountLink
                        .Create(
                            new(AccountLinkPurpose.ResetPassword, "ada@example.com") { Name = "ada" },
                            now.AddDays(-ago)
                        )
                        .Link
                );
            foreach (var ago in new[] { 2, 0 })
                db.Outbox.Add(
                    new OutboxMessage
                    {
                        Kind = OutboxMessage.Logout,
                        Recipient = "lightning-gone",
                        Payload = "{}"u8.ToArray(),
                        DueAt = now.AddDays(-ago),
                    }
                );
            db.Outbox.Add(
                new OutboxMessage
                {
                    Kind = OutboxMessage.Mail,
                    Payload = [1],
                    DueAt = now.AddDays(-2),
                }
            );
            foreach (var end in new[] { now.AddHours(-2), now.AddMinutes(2) })
                db.Attempts.Add(new AttemptCount { KeyHash = Guid.NewGuid().ToByteArray(), FullAt = end });
            foreach (
                var (action, days) in new[]
                {
                    ("refreshed", 8),
                    ("refreshed", 6),
                    ("sign-in-failed", 91),
                    ("sign-in-failed", 89),
                    ("password-changed", 900),
                }
            )
                db.AuditEntries.Add(new() { At = now.AddDays(-days), Action = action });
            await db.SaveChangesAsync(Cancellation);
        }
        await DeleteExpiredAsync();
        (await CountAsync("audit.entries WHERE at < now() - interval '1 day'")).ShouldBe(
            3,
            "what is young enough, and what is neither a refresh nor a failed sign-in"
        );
        // Plus the one of the sign-in above.
        (await CountAsync("identity.attempts")).ShouldBe(2);
        (
            await CountAsync("identity.seen_tokens"),
            await CountAsync("identity.account_links"),
            await CountAsync("identity.outbox")
        ).ShouldBe((1, 1, 2));
        (await CountAsync("identity.authorizations"), await CountAsync("identity.refresh_tokens")).ShouldBe((1, 1));

        // A used token is kept until it would have expired, to detect reuse.
        identity.Clock.Advance(TimeSpan.FromHours(11));
        var second = await bff.RefreshAsync(first["refresh_token"]!);
        identity.Clock.Advance(TimeSpan.FromMinutes(90));
        await DeleteExpiredAsync();
        (await CountAsync("identity.authorizations"), await CountAsync("identity.refresh_tokens")).ShouldBe((0, 2));
        identity.Clock.Advance(TimeSpan.FromHours(1));
        await DeleteExpiredAsync();
        (await CountAsync("identity.refresh_tokens")).ShouldBe(1);
        (await bff.RefreshAsync(second["refresh_token"]!)).Status.ShouldBe(System.Net.HttpStatusCode.OK);
    }

    [Fact]
    public async Task Retention_OfSessions_WaitsAndKeepsTheAuditLog()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"]!;
        await bff.RefreshAsync(token);
        await bff.RefreshAsync(token);
        var written = await CountAsync("audit.entries");
        identity.Clock.Advance(TimeSpan.FromDays(14 + 29));
        await DeleteExpiredAsync();
        (await CountAsync("identity.sessions")).ShouldBe(1);
        identity.Clock.Advance(TimeSpan.FromDays(2));
        await DeleteExpiredAsync();
        (await CountAsync("identity.sessions"), await CountAsync("identity.grants")).ShouldBe((0, 0));
        (await CountAsync("audit.entries")).ShouldBe(written);
        await using var db = identity.Database.Connect();
        (
            await db.AuditEntries.SingleAsync(entry => entry.Action == "refresh-token-reused", Cancellation)
        ).UserId.ShouldBe(user.Id);
    }

    [Fact]
    public async Task Retention_TwoReplicas_SkipsLockedRows()
    {
        await identity.Database.ExecuteAsync(
            """
            INSERT INTO identity.seen_tokens (hash, expires_at)
                SELECT convert_to(n::text, 'UTF8'), now() - interval '2 hours'
                FROM generate_series(1, 5000) AS n
            """
        );
        await using (var db = identity.Database.Connect())
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Cancellation);
            await db.Database.ExecuteSqlAsync(
                $"SELECT FROM identity.seen_tokens WHERE hash = convert_to('2500', 'UTF8') FOR UPDATE",
                Cancellation
            );
            await Task.WhenAll(DeleteExpiredAsync(), DeleteExpiredAsync())
                .WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
            (await CountAsync("identity.seen_tokens")).ShouldBe(1);
        }
        await DeleteExpiredAsync();
        (await CountAsync("identity.seen_tokens")).ShouldBe(0);
    }

    async Task DeleteExpiredAsync()
    {
        using var retention = ActivatorUtilities.CreateInstance<RetentionService>(identity.Services);
        await retention.DeleteExpiredAsync(Cancellation);
    }

    async Task<long> CountAsync(string table) =>
        (long)(await identity.Database.ExecuteAsync($"SELECT count(*) FROM {table}"))!;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await identity.DisposeAsync();
    }
}
