using System.Net;
using System.Text.Json;
using Lightning.Identity.BackChannel;
using Lightning.Sessions.Model;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Tests;

/// <summary>Each test has its own relying parties.</summary>
public class BackChannelTests(PostgresServer server) : IAsyncLifetime
{
    static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(20);
    readonly IdentityWithBackChannels identity = new(server);
    readonly List<LogoutSender> senders = [];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => identity.InitializeAsync();

    [Theory, Trait("Check", "A27")]
    [InlineData("SELECT identity.end_session('{0}', 'test')")]
    [InlineData("SELECT identity.end_user_sessions('{1}', 'test')")]
    [InlineData("SELECT identity.end_all('test')")]
    public async Task SessionEnd_ForAnyReason_SendsOneLogoutTokenToEachRelyingParty(string end)
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var sid = new Claims((await identity.Bff(visitor).TokensAsync())["id_token"]!)["sid"];
        await identity.Bff(visitor).TokensAsync();
        await identity.Admin(visitor).TokensAsync();
        await identity.Native(visitor).TokensAsync();
        await StartAsync(replicas: 2);
        await identity.Database.ExecuteAsync(
            string.Format(System.Globalization.CultureInfo.InvariantCulture, end, sid, user.Id)
        );
        identity.Clock.Advance(TimeSpan.FromMinutes(1));

        var (toBff, toAdmin) = (await NextAsync(identity.BffListener), await NextAsync(identity.AdminListener));
        await ShouldBeALogoutTokenAsync(toBff, "lightning-bff", user.Subject, sid);
        await ShouldBeALogoutTokenAsync(toAdmin, "lightning-admin", user.Subject, sid);
        new Claims(toBff)["jti"].ShouldNotBe(new Claims(toAdmin)["jti"]);
        await EmptyAsync();
        identity.BffListener.Received.TryRead(out _).ShouldBeFalse();
        identity.AdminListener.Received.TryRead(out _).ShouldBeFalse();
    }

    [Fact, Trait("Check", "A27")]
    public async Task SessionEnd_WithoutGrantOrRolledBackOrRepeated_SendsNothing()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var sid = new Claims((await identity.Bff(visitor).TokensAsync())["id_token"]!)["sid"];
        await identity.Database.ExecuteAsync($"BEGIN; SELECT identity.end_session('{sid}', 'test'); ROLLBACK");
        (await WaitingAsync()).ShouldBeEmpty();
        await identity.Database.ExecuteAsync($"SELECT identity.end_session('{sid}', 'test')");
        await identity.Database.ExecuteAsync($"SELECT identity.end_session('{sid}', 'test')");
        await identity.Database.ExecuteAsync($"SELECT identity.end_user_sessions('{user.Id}', 'test')");
        var row = (await WaitingAsync()).ShouldHaveSingleItem();
        row.Recipient.ShouldBe("lightning-bff");
        JsonDocument
            .Parse(row.Payload)
            .RootElement.EnumerateObject()
            .Select(member => (member.Name, member.Value.GetString()))
            .ShouldBe([("sid", sid), ("sub", user.Subject)]);
    }

    [Theory, Trait("Check", "A27")]
    [InlineData(500)]
    [InlineData(400)]
    [InlineData(302)]
    public async Task Logout_RefusedByRelyingParty_IsRetriedWithNewToken(int status)
    {
        var (user, visitor) = await identity.SignedInAsync("carol");
        var sid = new Claims((await identity.Bff(visitor).TokensAsync())["id_token"]!)["sid"];
        var refusals = 1;
        identity.BffListener.Answers = http =>
        {
            if (Interlocked.Decrement(ref refusals) < 0)
                return Task.FromResult(Results.Ok());
            http.Response.Headers.Location = identity.AdminListener.Address;
            return Task.FromResult(Results.StatusCode(status));
        };
        await StartAsync();
        await identity.Database.ExecuteAsync($"SELECT identity.end_session('{sid}', 'test')");
        identity.Clock.Advance(TimeSpan.FromMinutes(1));
        var first = new Claims(await NextAsync(identity.BffListener));
        var waiting = (await WaitingAsync()).ShouldHaveSingleItem();
        (waiting.Attempts, waiting.DueAt).ShouldBe((1, identity.Clock.GetUtcNow().AddSeconds(10)));
        identity.AdminListener.Received.TryRead(out _).ShouldBeFalse("redirects are not followed");

        identity.Clock.Advance(TimeSpan.FromSeconds(10));
        var again = await NextAsync(identity.BffListener);
        await ShouldBeALogoutTokenAsync(again, "lightning-bff", user.Subject, sid);
        new Claims(again)["jti"].ShouldNotBe(first["jti"]);
        (new Claims(again).Number("iat") - first.Number("iat")).ShouldBe(10);
        await EmptyAsync();
    }

    [Fact, Trait("Check", "A27")]
    public async Task Logout_RelyingPartyHangs_DoesNotDelayOthers()
    {
        using var silence = new SemaphoreSlim(0);
        var gaveUp = 0;
        identity.AdminListener.Answers = async http =>
        {
            using var left = http.RequestAborted.Register(() => Interlocked.Increment(ref gaveUp));
            await silence.WaitAsync(Cancellation);
            return Results.Ok();
        };
        for (var person = 0; person < 30; person++)
        {
            var (_, visitor) = await identity.SignedInAsync($"dave{person}");
            await identity.Admin(visitor).TokensAsync();
            if (person == 29)
                await identity.Bff(visitor).TokensAsync();
        }
        // The messages of the silent one are due first, and more than one batch.
        await identity.Database.ExecuteAsync(
            """
            SELECT identity.end_session(sid, 'test') FROM identity.grants WHERE client_id = 'lightning-admin'
                ORDER BY created_at
            """
        );
        await identity.Database.ExecuteAsync(
            "UPDATE identity.outbox SET due_at = due_at - interval '1 minute' WHERE recipient = 'lightning-admin'"
        );
        identity.Clock.Advance(TimeSpan.FromMinutes(1));
        await StartAsync();
        for (var silent = 0; silent < 20; silent++)
            await NextAsync(identity.AdminListener);
        await NextAsync(identity.BffListener);
        Volatile.Read(ref gaveUp).ShouldBe(0, "the BFF is notified while the admin site hangs");
        silence.Release(100);
        identity.Clock.Advance(TimeSpan.FromMinutes(1));
        await EmptyAsync();
    }

    [Fact, Trait("Check", "A27")]
    public async Task Logout_RelyingPartyUnavailable_IsKeptAsFailedAfterADay()
    {
        var (_, visitor) = await identity.SignedInAsync("erin");
        await identity.Bff(visitor).TokensAsync();
        await identity.Database.ExecuteAsync("SELECT identity.end_all('test')");
        await identity.Database.ExecuteAsync("UPDATE identity.outbox SET attempts = 150");
        identity.Clock.Advance(TimeSpan.FromMinutes(1));
        await StartAsync();
        await Wait.UntilAsync(async () =>
            (long)
                (await identity.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox WHERE failed_at IS NULL"))!
            == 0
        );
        identity.BffListener.Received.TryRead(out _).ShouldBeFalse();
        var failed = await identity.Database.ExecuteAsync(
            "WITH gone AS (DELETE FROM identity.outbox RETURNING 1) SELECT count(*) FROM gone"
        );
        ((long)failed!).ShouldBeGreaterThan(0);
    }

    [Fact, Trait("Check", "A27")]
    public async Task Redeem_WhileSessionEnds_IsRefusedOrSendsLogoutToken()
    {
        var redeemed = 0;
        for (var round = 0; round < 50; round++)
        {
            var (user, visitor) = await identity.SignedInAsync($"frank{round}");
            var bff = identity.Bff(visitor);
            var code = await bff.CodeAsync();
            var (redeem, end) = (
                bff.RedeemAsync(code),
                identity.Database.ExecuteAsync($"SELECT identity.end_user_sessions('{user.Id}', 'test')")
            );
            await Task.WhenAll(redeem, end);
            if ((await redeem).Status == HttpStatusCode.OK)
                redeemed++;
            else
                (await redeem).Error.ShouldBe("invalid_grant");
        }
        (await WaitingAsync()).Length.ShouldBe(redeemed);
    }

    async Task ShouldBeALogoutTokenAsync(string token, string audience, string subject, string sid)
    {
        var keys = new JsonWebKeySet(
            await identity.BackChannel().GetStringAsync("/.well-known/jwks.json", Cancellation)
        );
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(
            token,
            new TokenValidationParameters
            {
                ValidTypes = ["logout+jwt"],
                ValidAlgorithms = ["ES256"],
                ValidIssuer = People.Issuer,
                ValidAudience = audience,
                IssuerSigningKeys = keys.GetSigningKeys(),
                ValidateLifetime = false,
            }
        );
        result.IsValid.ShouldBeTrue(result.Exception?.Message);
        var claims = new Claims(token);
        claims.Names.ShouldBe(["iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"], ignoreOrder: true);
        (claims["sub"], claims["sid"]).ShouldBe((subject, sid));
        claims.Number("iat").ShouldBe(identity.Clock.GetUtcNow().ToUnixTimeSeconds());
        (claims.Number("exp") - claims.Number("iat")).ShouldBe(120);
        claims["events"].ShouldBe("""{"http://schemas.openid.net/event/backchannel-logout":{}}""");
    }

    async Task StartAsync(int replicas = 1)
    {
        for (var replica = 0; replica < replicas; replica++)
        {
            senders.Add(ActivatorUtilities.CreateInstance<LogoutSender>(identity.Services));
            await senders[^1].StartAsync(Cancellation);
        }
    }

    static async Task<string> NextAsync(Listener listener) =>
        await listener.Received.ReadAsync(Cancellation).AsTask().WaitAsync(WaitTimeout, Cancellation);

    async Task<OutboxMessage[]> WaitingAsync()
    {
        await using var db = identity.Database.Connect();
        return await db.Outbox.AsNoTracking().Where(row => row.Kind == OutboxMessage.Logout).ToArrayAsync(Cancellation);
    }

    async Task EmptyAsync()
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        timeout.CancelAfter(WaitTimeout);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await WaitingAsync()).Length > 0)
            await poll.WaitForNextTickAsync(timeout.Token);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var sender in senders)
        {
            await sender.StopAsync(CancellationToken.None);
            sender.Dispose();
        }
        await identity.DisposeAsync();
    }
}
