using System.Diagnostics;
using System.Net;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>
/// The change feed on its own connection, which can be cut or frozen while the database stays available.
/// </summary>
public sealed class FeedTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);
    Wire wire = null!;
    Uri replica = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        wire = await Wire.StartAsync(bff.Database.ConnectionStringOf("bff"));
        replica = bff.Start(("ConnectionStrings:lightning-feed", wire.ConnectionString));
        await IsReadyAsync("Healthy");
    }

    public async ValueTask DisposeAsync()
    {
        await bff.DisposeAsync();
        await wire.DisposeAsync();
    }

    [Fact]
    [Trait("Check", "R09")]
    public async Task Feed_Down_IsDegraded_AndEveryAnswerIsCorrect()
    {
        using var ada = await bff.SignInAsync(replica);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        wire.Cut();
        (await IsReadyAsync("Degraded")).ShouldContain("session-feed: The change feed is down");
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        await EndAsync(ada);
        // At once: nothing is cached now.
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    [Trait("Check", "R09")]
    public async Task Feed_Reconnected_StartsWithAnEmptyCache()
    {
        using var ada = await bff.SignInAsync(replica);
        using var bob = await bff.SignInAsync(replica);
        foreach (var person in new[] { ada, bob })
            (await person.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        wire.Cut();
        await IsReadyAsync("Degraded");
        // Not requested while the feed is down, so only an old cache entry could answer.
        await EndAsync(ada);

        wire.Mend();
        await IsReadyAsync("Healthy");

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
        (await bob.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "R09")]
    [Trait("Timing", "Alone")]
    public async Task Feed_WithoutHeartbeats_IsTrustedForThreeSeconds()
    {
        using var ada = await bff.SignInAsync(replica);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        wire.Freeze();
        var clock = Stopwatch.StartNew();
        await EndAsync(ada);
        // Proves that the test can fail: without the heartbeat the cache would still answer.
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        await Wait.UntilAsync(async () => await ada.StatusOfAsync() == HttpStatusCode.Unauthorized);

        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(3.5));
        await IsReadyAsync("Degraded");
        wire.Mend();
        await IsReadyAsync("Healthy");
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Session_Cached_NeedsNoQueryAndNoConnection()
    {
        using var ada = await bff.SignInAsync(replica);
        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);

        // The database is unavailable, so the answer comes from the cache.
        await bff.Database.ExecuteAsync("REVOKE SELECT ON web.sessions FROM lightning_bff");

        for (var i = 0; i < 10; i++)
            (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);

        await bff.Database.ExecuteAsync("GRANT SELECT ON web.sessions TO lightning_bff");
    }

    [Fact]
    [Trait("Check", "B07")]
    public async Task Cookie_Replaced_LeavesTheCacheOfEveryReplica()
    {
        using var ada = await bff.SignInAsync();
        var old = ada.Browser.Cookie(BffUnderTest.SessionCookie)!;
        using var thief = bff.NewBrowser(replica);
        thief.SetCookie(BffUnderTest.SessionCookie, old);
        (await thief.FetchAsync(HttpMethod.Get, "/bff/user?slide=false")).StatusCode.ShouldBe(HttpStatusCode.OK);

        await BffUnderTest.SignInAsync(ada.Browser);

        await Wait.UntilAsync(
            async () =>
                (await thief.FetchAsync(HttpMethod.Get, "/bff/user?slide=false")).StatusCode
                == HttpStatusCode.Unauthorized,
            TimeSpan.FromSeconds(3)
        );
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "R08")]
    public async Task User_Changed_IsCurrentOnEveryReplica()
    {
        using var ada = await bff.SignInAsync(replica);
        (await NameAsync(ada)).ShouldContain("\"isAdmin\":false");

        await bff.Database.ExecuteAsync($"UPDATE app.users SET is_admin = true WHERE id = '{ada.User.Id}'");

        await Wait.UntilAsync(
            async () => (await NameAsync(ada)).Contains("\"isAdmin\":true", StringComparison.Ordinal),
            TimeSpan.FromSeconds(3)
        );
    }

    static async Task<string> NameAsync(SignedIn person)
    {
        using var answer = await person.FetchAsync("/bff/user");
        return await answer.Content.ReadAsStringAsync(Cancellation);
    }

    Task<object?> EndAsync(SignedIn person) =>
        bff.Database.ExecuteAsync($"SELECT identity.end_session('{person.Session.Id}', 'test')");

    async Task<string> IsReadyAsync(string status)
    {
        using var browser = bff.NewBrowser(replica);
        var text = "";
        await Wait.UntilAsync(async () =>
        {
            using var answer = await browser.GetAsync("/health/ready");
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            return (text = await answer.Content.ReadAsStringAsync(Cancellation)).StartsWith(
                status,
                StringComparison.Ordinal
            );
        });
        return text;
    }
}
