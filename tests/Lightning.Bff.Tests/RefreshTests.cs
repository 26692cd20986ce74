using System.Net;
using System.Net.Sockets;
using System.Text;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;

namespace Lightning.Bff.Tests;

public sealed class RefreshTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    /// <summary>Signs in, with an access token that has just expired.</summary>
    async Task<SignedIn> SignInWithEndedTokenAsync()
    {
        var ada = await bff.SignInAsync();
        await EndTokensAsync();
        return ada;
    }

    // The provider uses the real clock, so the row changes instead of the test clock.
    async Task EndTokensAsync() =>
        await bff.Database.ExecuteAsync(
            "UPDATE web.sessions SET token_expires_at = clock_timestamp() - interval '1 minute'"
        );

    string LastToken => bff.Api.Requests.Last().Headers["Authorization"];

    [Fact]
    public async Task Token_StillGood_IsUsedAsItIs()
    {
        using var ada = await bff.SignInAsync();
        bff.Clock.Advance(TimeSpan.FromMinutes(3));

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
        bff.Provider.Refreshes.ShouldBeEmpty();
    }

    [Fact]
    [Trait("Check", "T01")]
    [Trait("Check", "T02")]
    public async Task Refresh_200RequestsOn3Replicas_SendOneRequest()
    {
        using var ada = await SignInWithEndedTokenAsync();
        var cookie = ada.Browser.Cookie(BffUnderTest.SessionCookie)!;
        var browsers = new[] { bff.Address, bff.Start(), bff.Start() }
            .Select(address =>
            {
                var browser = bff.NewBrowser(address);
                browser.SetCookie(BffUnderTest.SessionCookie, cookie);
                return browser;
            })
            .ToArray();
        // The provider waits, so that all requests arrive before its first response.
        var arrived = new TaskCompletionSource();
        bff.Provider.BeforeRefresh = async () =>
        {
            await arrived.Task;
            return null;
        };

        var calls = Enumerable
            .Range(0, 200)
            .Select(i => browsers[i % 3].FetchAsync(HttpMethod.Get, $"/api/v1/notes/{i}"))
            .ToArray();
        while (bff.Provider.Refreshes.IsEmpty)
            await Task.Yield();
        // A waiting request may be between two statements, but no connection may be held until the provider responds.
        await Wait.UntilAsync(
            async () =>
                (long)
                    (
                        await bff.Database.ExecuteAsync(
                            """
                            SELECT count(*) FROM pg_stat_activity
                                WHERE datname = current_database() AND usename = 'lightning_bff'
                                AND state LIKE 'idle in transaction%'
                            """
                        )
                    )! == 0,
            TimeSpan.FromSeconds(1)
        );
        arrived.SetResult();
        var answers = await Task.WhenAll(calls);

        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        bff.Provider.Refreshes.Count.ShouldBe(1);
        bff.Api.Requests.Count.ShouldBe(200);
        bff.Api.Requests.ShouldAllBe(request => request.Headers["Authorization"] == "Bearer access-canary-2");
        foreach (var browser in browsers)
            browser.Dispose();
    }

    [Fact]
    [Trait("Check", "T01")]
    public async Task Refresh_WithoutTheLease_WouldSendSeveralRequests()
    {
        // Proves that the test above can fail: without the lease the strict provider sees several requests.
        using var ada = await SignInWithEndedTokenAsync();
        using var elsewhere = bff.NewBrowser(bff.Start());
        elsewhere.SetCookie(BffUnderTest.SessionCookie, ada.Browser.Cookie(BffUnderTest.SessionCookie)!);
        var second = new TaskCompletionSource();
        bff.Provider.BeforeRefresh = async () =>
        {
            if (bff.Provider.Refreshes.Count > 1)
                second.TrySetResult();
            await bff.Database.ExecuteAsync("UPDATE web.sessions SET refresh_lease_until = NULL");
            await second.Task.WaitAsync(TimeSpan.FromSeconds(5));
            return null;
        };

        await Task.WhenAll(ada.FetchAsync("/api/v1/notes"), elsewhere.FetchAsync(HttpMethod.Get, "/api/v1/notes"));

        bff.Provider.Refreshes.Count.ShouldBeGreaterThan(1);
    }

    /// <summary>
    /// A replica that dies holds the lease until it ends. It must outlast a slow refresh, which takes ten seconds.
    /// </summary>
    [Fact]
    [Trait("Check", "T04")]
    public async Task Refresh_Lease_LastsHalfAMinute()
    {
        using var ada = await SignInWithEndedTokenAsync();
        var lease = TimeSpan.Zero;
        bff.Provider.BeforeRefresh = async () =>
        {
            lease = (TimeSpan)
                (await bff.Database.ExecuteAsync("SELECT refresh_lease_until - clock_timestamp() FROM web.sessions"))!;
            return null;
        };

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);

        lease.ShouldBeInRange(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30));
    }

    [Fact]
    [Trait("Check", "T04")]
    public async Task Refresh_LeaseHolderDies_IsTakenOver()
    {
        using var ada = await SignInWithEndedTokenAsync();
        await bff.Database.ExecuteAsync(
            """
            UPDATE web.sessions SET refresh_lease_owner = gen_random_uuid(), refresh_lease_until =
                clock_timestamp() + interval '1 second'
            """
        );

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
        LastToken.ShouldBe("Bearer access-canary-2");
    }

    [Theory]
    [InlineData(false, HttpStatusCode.Unauthorized)]
    [InlineData(true, HttpStatusCode.OK)]
    [Trait("Check", "T04")]
    public async Task Refresh_LeaseHolderDiesAfterRotation_AffectsOnlyThatSession(
        bool hasLeeway,
        HttpStatusCode expected
    )
    {
        using var ada = await bff.SignInAsync();
        using var bob = await bff.SignInAsync();
        await EndTokensAsync();
        bff.Provider.Rotate("refresh-canary-1", isStillGood: hasLeeway);
        await bff.Database.ExecuteAsync(
            $"""
            UPDATE web.sessions SET refresh_lease_owner = gen_random_uuid(), refresh_lease_until =
                clock_timestamp() + interval '1 second' WHERE sid = '{ada.Session.Id}'
            """
        );

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(expected);

        (await ada.StatusOfAsync()).ShouldBe(expected);
        (await bob.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>
    /// A request that waits for another replica polls each second, or reads at once after a notification.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Check", "T02")]
    public async Task Refresh_OnAnotherReplica_WaitsForTheNotification(bool isTold)
    {
        using var ada = await bff.SignInAsync();
        using var elsewhere = bff.NewBrowser(bff.Start());
        elsewhere.SetCookie(BffUnderTest.SessionCookie, ada.Browser.Cookie(BffUnderTest.SessionCookie)!);
        if (!isTold)
            await bff.Database.ExecuteAsync("ALTER TABLE web.sessions DISABLE TRIGGER tell_change");

        // The fastest of several attempts, because a busy machine may delay one.
        var waits = new List<TimeSpan>();
        for (var round = 0; round < 4; round++)
            waits.Add(await LoserWaitsAsync(ada, elsewhere));

        waits
            .Min()
            .ShouldBeInRange(
                isTold ? TimeSpan.Zero : TimeSpan.FromMilliseconds(700),
                isTold ? TimeSpan.FromMilliseconds(600) : TimeSpan.FromSeconds(10)
            );
        bff.Provider.Refreshes.Count.ShouldBe(waits.Count);
    }

    /// <summary>How long the waiting request takes after the other replica may continue.</summary>
    async Task<TimeSpan> LoserWaitsAsync(SignedIn ada, Browser elsewhere)
    {
        await EndTokensAsync();
        var (asked, go) = (bff.Provider.Refreshes.Count, new TaskCompletionSource());
        bff.Provider.BeforeRefresh = async () =>
        {
            await go.Task;
            return null;
        };
        var holder = ada.FetchAsync("/api/v1/notes");
        await Wait.UntilAsync(() => bff.Provider.Refreshes.Count > asked);
        var began = await bff.Database.ExecuteAsync("SELECT clock_timestamp()::text");
        var loser = elsewhere.FetchAsync(HttpMethod.Get, "/api/v1/notes");
        await Wait.UntilAsync(async () =>
            (long)
                (
                    await bff.Database.ExecuteAsync(
                        $"""
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                            AND query LIKE '%coalesce(web.refresh_lease_until%' AND query_start > '{began}'
                        """
                    )
                )! > 0
        );

        var clock = System.Diagnostics.Stopwatch.StartNew();
        go.SetResult();
        (await loser).StatusCode.ShouldBe(HttpStatusCode.OK);
        var waited = clock.Elapsed;
        (await holder).StatusCode.ShouldBe(HttpStatusCode.OK);
        return waited;
    }

    [Fact]
    [Trait("Check", "B11")]
    public async Task Refresh_InvalidGrant_EndsTheSession()
    {
        using var ada = await SignInWithEndedTokenAsync();
        bff.Provider.BeforeRefresh = () =>
            Task.FromResult<IResult?>(Results.Json(new { error = "invalid_grant" }, statusCode: 400));

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.Unauthorized);

        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
        (
            await bff.Database.ExecuteAsync($"SELECT end_reason FROM identity.sessions WHERE id = '{ada.Session.Id}'")
        ).ShouldBe("refresh-refused");
        bff.Api.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(401)]
    [InlineData(429)]
    [Trait("Check", "B11")]
    public async Task Refresh_ProviderFails_Is503_AndKeepsTheSession(int status)
    {
        using var ada = await SignInWithEndedTokenAsync();
        // The error alone is not enough: only a 400 is a protocol error.
        bff.Provider.BeforeRefresh = () =>
            Task.FromResult<IResult?>(Results.Json(new { error = "invalid_grant" }, statusCode: status));
        var answer = await ada.FetchAsync("/api/v1/notes");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("/problems/provider-unavailable");
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        bff.Provider.BeforeRefresh = () => Task.FromResult<IResult?>(null);
        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "B11")]
    public async Task Refresh_ProviderDownBeforeExpiry_UsesTheCurrentToken()
    {
        using var ada = await bff.SignInAsync();
        await bff.Provider.DisposeAsync();
        bff.Clock.Advance(TimeSpan.FromMinutes(4.5));
        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);

        bff.Clock.Advance(TimeSpan.FromMinutes(1));
        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "T10")]
    public async Task Refresh_ResponseWithoutRefreshTokenOrExpiry_KeepsTheOldOne()
    {
        using var ada = await SignInWithEndedTokenAsync();
        bff.Provider.BeforeRefresh = () =>
            Task.FromResult<IResult?>(
                Results.Json(
                    new
                    {
                        access_token = "bare",
                        token_type = "bearer",
                        scope = "openid",
                    }
                )
            );

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
        LastToken.ShouldBe("Bearer bare");

        bff.Clock.Advance(TimeSpan.FromHours(1));
        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
        bff.Provider.Refreshes.Count.ShouldBe(1);
    }

    [Fact]
    [Trait("Check", "B15")]
    public async Task Refresh_ClientDisconnects_IsStillWritten()
    {
        using var ada = await SignInWithEndedTokenAsync();
        var gone = new TaskCompletionSource();
        bff.Provider.BeforeRefresh = async () =>
        {
            await gone.Task;
            return null;
        };
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(bff.Address.Host, bff.Address.Port, Cancellation);
            await client
                .GetStream()
                .WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"GET /api/v1/notes HTTP/1.1\r\nHost: {bff.Address.Authority}\r\nX-CSRF: 1\r\nCookie: "
                            + $"{BffUnderTest.SessionCookie}={ada.Browser.Cookie(BffUnderTest.SessionCookie)}\r\n\r\n"
                    ),
                    Cancellation
                );
            while (bff.Provider.Refreshes.IsEmpty)
                await Task.Yield();
            // A reset, as when a browser tab is closed.
            client.LingerState = new LingerOption(true, 0);
        }
        gone.SetResult();

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
        LastToken.ShouldBe("Bearer access-canary-2");
        bff.Provider.Refreshes.Count.ShouldBe(1);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task Refresh_SessionEndsMeanwhile_WritesNothing()
    {
        using var ada = await SignInWithEndedTokenAsync();
        bff.Provider.BeforeRefresh = async () =>
        {
            await bff.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");
            return null;
        };
        var tokens = await bff.Database.ExecuteAsync("SELECT tokens FROM web.sessions");

        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.Unauthorized);

        (await bff.Database.ExecuteAsync("SELECT tokens FROM web.sessions")).ShouldBe(tokens);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
        bff.Api.Requests.ShouldBeEmpty();
    }

    [Fact]
    [Trait("Check", "T09")]
    public async Task Refresh_TwoDevicesOfOnePerson_KeepTheirOwnTokens()
    {
        using var laptop = await bff.SignInAsync();
        using var phone = bff.NewBrowser();
        await BffUnderTest.SignInAsync(phone);
        await EndTokensAsync();

        (await laptop.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
        (await phone.FetchAsync(HttpMethod.Get, "/api/v1/notes")).StatusCode.ShouldBe(HttpStatusCode.OK);

        bff.Provider.Refreshes.Select(refresh => refresh["refresh_token"])
            .ShouldBe(["refresh-canary-1", "refresh-canary-2"]);
        bff.Api.Requests.Select(request => request.Headers["Authorization"])
            .ShouldBe(["Bearer access-canary-3", "Bearer access-canary-4"]);
    }
}
