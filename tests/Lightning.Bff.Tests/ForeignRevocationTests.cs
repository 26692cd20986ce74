using System.Diagnostics;
using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;

namespace Lightning.Bff.Tests;

/// <summary>What another provider hears of sessions that have ended here: their refresh tokens are revoked there.</summary>
public sealed class ForeignRevocationTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);
    Uri replica = null!;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        replica = bff.Start(("Oidc:Foreign", "true"));
    }

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    public static TheoryData<string> Ends => ["signed out", "end_session", "end_user_sessions", "end_all"];

    [Theory]
    [MemberData(nameof(Ends))]
    [Trait("Check", "T06")]
    public async Task RefreshToken_OfASessionThatEnds_IsRevokedAtTheProvider_ByTheClientThatHoldsIt(string end)
    {
        using var browser = await SignInAsync();
        await EndAsync(browser, end);

        await RevokedAsync("refresh-canary-1");
        var revocation = bff.Provider.Revocations.ShouldHaveSingleItem();
        (revocation["token_type_hint"], revocation["client_id"], revocation["client_secret"]).ShouldBe(("refresh_token", FakeProvider.ClientId, FakeProvider.ClientSecret));
        await Wait.UntilAsync(async () => (long)(await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox"))! == 0);
    }

    [Fact]
    [Trait("Check", "T06")]
    public async Task Logout_WhileTheProviderIsAway_SucceedsAtOnce_AndTheTokenIsRevokedOnceItIsBack()
    {
        using var browser = await SignInAsync();
        bff.Provider.IsAway = true;
        var clock = Stopwatch.StartNew();
        using var answer = await browser.FetchAsync(HttpMethod.Post, "/bff/logout");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(2));
        (await StatusOfAsync(browser)).ShouldBe(HttpStatusCode.Unauthorized);
        bff.Clock.Advance(TimeSpan.FromMinutes(1));
        await Wait.UntilAsync(async () => (await bff.Database.ExecuteAsync("SELECT attempts FROM identity.outbox")) is > 0);
        bff.Provider.Revocations.ShouldBeEmpty();

        bff.Provider.IsAway = false;
        await RevokedAsync("refresh-canary-1");
        (await bff.Database.ExecuteAsync("SELECT end_reason FROM identity.sessions")).ShouldBe("signed-out");
    }

    [Fact]
    [Trait("Check", "T06")]
    public async Task RefreshToken_ThatComesAfterTheEnd_IsRevokedToo()
    {
        using var browser = await SignInAsync();
        await bff.Database.ExecuteAsync("UPDATE web.sessions SET token_expires_at = clock_timestamp() - interval '1 minute'");
        bff.Provider.BeforeRefresh = async () =>
        {
            await bff.Database.ExecuteAsync("SELECT identity.end_all('test')");
            return null;
        };
        // The token that is remembered serves until word of the change has come.
        await Wait.UntilAsync(async () => (await browser.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode == HttpStatusCode.Unauthorized);
        await RevokedAsync("refresh-canary-1", "refresh-canary-2");
    }

    [Fact]
    [Trait("Check", "T06")]
    public async Task Provider_ThatRevokesNoSuchTokens_IsAskedOnce()
    {
        var asked = 0;
        bff.Provider.BeforeRevocation = () =>
        {
            Interlocked.Increment(ref asked);
            return Results.Json(new { error = "unsupported_token_type" }, statusCode: 400);
        };
        using var browser = await SignInAsync();
        await EndAsync(browser, "signed out");
        bff.Clock.Advance(TimeSpan.FromMinutes(1));
        await Wait.UntilAsync(async () => (long)(await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox"))! == 0);
        asked.ShouldBe(1);
    }

    [Fact]
    [Trait("Check", "T05")]
    public async Task Outbox_HoldsNoTokenInTheClear_AndShowsEachServiceItsOwn()
    {
        using var browser = await SignInAsync();
        bff.Provider.IsAway = true;
        await EndAsync(browser, "end_all");
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox WHERE kind = 'revocation' AND position('canary'::bytea IN payload) = 0")).ShouldBe(1L);
        await bff.Database.ExecuteAsync("INSERT INTO identity.outbox (id, kind, payload, due_at, attempts) VALUES (gen_random_uuid(), 'mail', '\\x01', now(), 0)");
        foreach (var (service, kinds) in new[] { ("bff", "revocation"), ("admin", ""), ("identity", "mail") })
        {
            await using var db = bff.Database.ConnectAs(service);
            string.Join(' ', db.Outbox.Select(message => message.Kind)).ShouldBe(kinds, service);
        }
    }

    [Fact]
    [Trait("Check", "L09")]
    public async Task OwnProvider_IsNotAsked_ItsTokensFallWithTheSession()
    {
        using var ada = await bff.SignInAsync();
        await bff.Database.ExecuteAsync($"INSERT INTO identity.grants (id, sid, client_id, is_told, created_at) VALUES (gen_random_uuid(), '{ada.Session.Id}', 'lightning-bff', false, now())");
        using var answer = await ada.Browser.FetchAsync(HttpMethod.Post, "/bff/logout");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM identity.outbox")).ShouldBe(0L);
    }

    async Task<Browser> SignInAsync()
    {
        var browser = bff.NewBrowser(replica);
        await BffUnderTest.SignInAsync(browser);
        (await StatusOfAsync(browser)).ShouldBe(HttpStatusCode.OK);
        return browser;
    }

    async Task EndAsync(Browser browser, string end)
    {
        if (end == "signed out") (await browser.FetchAsync(HttpMethod.Post, "/bff/logout")).StatusCode.ShouldBe(HttpStatusCode.OK);
        else await bff.Database.ExecuteAsync($"SELECT identity.{end}({end switch { "end_session" => "id, 'test') FROM identity.sessions", "end_user_sessions" => "id, 'test') FROM app.users", _ => "'test')" }}");
    }

    /// <summary>Waits until the provider has been told of these and no others; the outbox goes by the clock of the tests.</summary>
    Task<TimeSpan> RevokedAsync(params string[] tokens) => Wait.UntilAsync(() =>
    {
        bff.Clock.Advance(TimeSpan.FromSeconds(1));
        return bff.Provider.Revocations.Select(revocation => revocation["token"]).Order(StringComparer.Ordinal).SequenceEqual(tokens);
    });

    static async Task<HttpStatusCode> StatusOfAsync(Browser browser) => (await browser.FetchAsync(HttpMethod.Get, "/bff/user?slide=false")).StatusCode;
}
