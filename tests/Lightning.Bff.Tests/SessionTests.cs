using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

public sealed class SessionTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Fact]
    [Trait("Check", "B02")]
    [Trait("Check", "B27")]
    public async Task User_SignedIn_IsShownAsInTheDatabase()
    {
        bff.Provider.Clock = bff.Clock;
        using var ada = await bff.SignInAsync();
        await bff.Database.ExecuteAsync(
            $"UPDATE app.users SET name = 'Ada Lovelace', is_admin = true WHERE id = '{ada.User.Id}'"
        );

        var answer = await ada.FetchAsync("/bff/user");

        answer.Headers.CacheControl!.ToString().ShouldBe("no-store");
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        text.ShouldNotContain(ada.Browser.Cookie(BffUnderTest.SessionCookie)!);
        text.ShouldNotContain("canary");
        var user = JsonSerializer.Deserialize<JsonElement>(text);
        user.GetProperty("id").GetGuid().ShouldBe(ada.User.Id);
        user.GetProperty("name").GetString().ShouldBe("Ada Lovelace");
        user.GetProperty("email").GetString().ShouldBe("ada@example.com");
        user.GetProperty("isAdmin").GetBoolean().ShouldBeTrue();
        var session = user.GetProperty("session");
        session.GetProperty("id").GetGuid().ShouldBe(ada.Session.Id);
        session.GetProperty("createdAt").GetDateTimeOffset().ShouldBe(bff.Clock.GetUtcNow());
        session.GetProperty("endsAt").GetDateTimeOffset().ShouldBe(bff.Clock.GetUtcNow().AddDays(14));
        session.GetProperty("idleEndsAt").GetDateTimeOffset().ShouldBe(bff.Clock.GetUtcNow().AddHours(12));
        session.GetProperty("authTime").GetDateTimeOffset().ShouldBe(bff.Clock.GetUtcNow());
    }

    [Theory]
    [InlineData("/bff/user", "application/json")]
    [InlineData("/bff/user", "text/html")]
    [InlineData("/api/v1/notes", "text/html,*/*")]
    [Trait("Check", "B25")]
    public async Task Call_Anonymous_Is401AndNeverARedirect(string path, string accept)
    {
        using var browser = bff.NewBrowser();
        var answer = await browser.FetchAsync(HttpMethod.Get, path, ("Accept", accept));

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        if (accept != "text/html")
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        if (accept == "application/json")
            (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
                .GetProperty("type")
                .GetString()
                .ShouldBe("/problems/unauthenticated");
    }

    [Fact]
    [Trait("Check", "B09")]
    public async Task Session_Idle_Ends_AndPollingDoesNotExtendIt()
    {
        using var ada = await bff.SignInAsync();
        for (var hour = 0; hour < 11; hour++)
        {
            bff.Clock.Advance(TimeSpan.FromHours(1));
            (await ada.StatusOfAsync("/bff/user?slide=false")).ShouldBe(HttpStatusCode.OK);
            // A page opens its event stream again whenever it ends.
            using var events = await ada.Browser.FetchAsync(
                HttpMethod.Get,
                "/api/v1/notes/events",
                ("Accept", "text/event-stream")
            );
            events.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        bff.Clock.Advance(TimeSpan.FromHours(1.01));

        (await ada.StatusOfAsync("/bff/user?slide=false")).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    [Trait("Check", "B09")]
    [Trait("Check", "B10")]
    public async Task Session_InUse_EndsAtItsAbsoluteLifetime()
    {
        using var ada = await bff.SignInAsync();
        using var elsewhere = bff.NewBrowser(bff.Start());
        elsewhere.SetCookie(BffUnderTest.SessionCookie, ada.Browser.Cookie(BffUnderTest.SessionCookie)!);
        var end = await bff.Database.ExecuteAsync("SELECT ends_at FROM web.sessions");
        for (var half = 0; half < 28; half++)
        {
            bff.Clock.Advance(TimeSpan.FromHours(11.9));
            // Each call refreshes the access token and slides the session.
            (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK, $"after {half + 1} halves of a day");
            await Wait.UntilAsync(async () =>
                (DateTime)(await bff.Database.ExecuteAsync("SELECT last_seen_at FROM web.sessions"))!
                >= bff.Clock.GetUtcNow().UtcDateTime.AddMinutes(-1)
            );
        }
        bff.Provider.Refreshes.Count.ShouldBe(28);
        (await bff.Database.ExecuteAsync("SELECT ends_at FROM web.sessions")).ShouldBe(end);
        // The rest is shorter than the idle timeout, so only the absolute end can refuse.
        var rest = TimeSpan.FromDays(14) - (28 * TimeSpan.FromHours(11.9));
        rest.ShouldBeLessThan(TimeSpan.FromHours(12));
        bff.Clock.Advance(rest - TimeSpan.FromSeconds(1));
        (await ada.StatusOfAsync("/bff/user")).ShouldBe(HttpStatusCode.OK);
        bff.Clock.Advance(TimeSpan.FromSeconds(2));

        // By the cache of the first replica, and by the query of the second.
        (await ada.StatusOfAsync("/bff/user")).ShouldBe(HttpStatusCode.Unauthorized);
        (await elsewhere.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Session_UsedOften_IsWrittenOnceAMinute()
    {
        using var ada = await bff.SignInAsync();
        var writes = () =>
            bff.Database.ExecuteAsync($"SELECT xmin::text FROM web.sessions WHERE sid = '{ada.Session.Id}'");
        var before = await writes();
        bff.Clock.Advance(TimeSpan.FromSeconds(59));
        await ada.StatusOfAsync("/bff/user");
        (await writes()).ShouldBe(before);

        // Concurrent uses are written once, in the background.
        bff.Clock.Advance(TimeSpan.FromSeconds(1));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ada.StatusOfAsync("/bff/user")));
        await Wait.UntilAsync(async () => !Equals(await writes(), before));
        var after = await writes();
        (await bff.Database.ExecuteAsync("SELECT last_seen_at FROM web.sessions")).ShouldBe(
            bff.Clock.GetUtcNow().UtcDateTime
        );
        (
            await bff.Database.ExecuteAsync($"SELECT last_seen_at FROM identity.sessions WHERE id = '{ada.Session.Id}'")
        ).ShouldBe(bff.Clock.GetUtcNow().UtcDateTime);
        await ada.StatusOfAsync("/bff/user");

        // Another user's use is written after this one's would be.
        using var eve = await bff.SignInAsync();
        bff.Clock.Advance(TimeSpan.FromSeconds(59));
        await ada.StatusOfAsync("/bff/user");
        await bff.Database.ExecuteAsync(
            $"UPDATE web.sessions SET last_seen_at = last_seen_at - interval '5 minutes' WHERE sid = '{eve.Session.Id}'"
        );
        await eve.StatusOfAsync("/bff/user");
        await Wait.UntilAsync(async () =>
            Equals(
                await bff.Database.ExecuteAsync(
                    $"SELECT last_seen_at FROM web.sessions WHERE sid = '{eve.Session.Id}'"
                ),
                bff.Clock.GetUtcNow().UtcDateTime
            )
        );
        (await writes()).ShouldBe(after);
    }

    [Theory]
    [InlineData("SELECT identity.end_session('{0}', 'test')")]
    [InlineData("UPDATE app.users SET disabled_at = now()")]
    [InlineData("DELETE FROM web.sessions")]
    [Trait("Check", "B12")]
    public async Task Session_EndedElsewhere_Is401AtOnce(string sql)
    {
        using var ada = await bff.SignInAsync();
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        await bff.Database.ExecuteAsync(string.Format(sql, ada.Session.Id));

        // Due for renewal, which must not revive the session.
        bff.Clock.Advance(TimeSpan.FromMinutes(2));
        await Wait.UntilAsync(
            async () => await ada.StatusOfAsync("/bff/user") == HttpStatusCode.Unauthorized,
            TimeSpan.FromSeconds(3)
        );
        (await ada.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.Unauthorized);
        (await ada.StatusOfAsync("/bff/user")).ShouldBe(HttpStatusCode.Unauthorized);
        bff.Api.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("sid = theirs.sid")]
    [InlineData("subject = theirs.subject")]
    [InlineData("issuer = 'https://elsewhere.example'")]
    [InlineData("sid = theirs.sid, subject = theirs.subject, issuer = theirs.issuer")]
    public async Task Session_WhoseOwnerIsRewritten_Is401(string change)
    {
        using var mallory = await bff.SignInAsync();
        using var root = await bff.SignInAsync();
        await ForgetAsync();
        (await mallory.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        await bff.Database.ExecuteAsync(
            $"""
            UPDATE web.sessions AS mine SET {change} FROM web.sessions AS theirs
                WHERE mine.sid = '{mallory.Session.Id}' AND theirs.sid = '{root.Session.Id}'
            """
        );
        await ForgetAsync();

        await Wait.UntilAsync(async () => await mallory.StatusOfAsync() == HttpStatusCode.Unauthorized);
        (await root.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        // All replicas read the sessions again.
        async Task ForgetAsync() =>
            await bff.Database.ExecuteAsync(
                "SELECT count(pg_notify('lightning', 'web:' || encode(id_hash, 'hex'))) FROM web.sessions"
            );
    }

    [Fact]
    [Trait("Check", "B12")]
    [Trait("Check", "B27")]
    public async Task Logout_EndsTheSessionOnEveryReplica_AndReturnsTheProvidersUrl()
    {
        using var ada = await bff.SignInAsync();
        using var elsewhere = bff.NewBrowser(bff.Start());
        elsewhere.SetCookie(BffUnderTest.SessionCookie, ada.Browser.Cookie(BffUnderTest.SessionCookie)!);
        (await elsewhere.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.OK);

        var answer = await ada.Browser.FetchAsync(HttpMethod.Post, "/bff/logout");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.GetValues("Clear-Site-Data").ShouldBe(["\"cache\", \"storage\""]);
        var redirect = new Uri(
            (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("redirect").GetString()!
        );
        redirect.GetLeftPart(UriPartial.Path).ShouldBe($"{bff.Provider.Issuer}/endsession");
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(redirect.Query);
        query["client_id"].ToString().ShouldBe(FakeProvider.ClientId);
        query["logout_hint"].ToString().ShouldBe(ada.Session.Id.ToString());
        query["post_logout_redirect_uri"]
            .ToString()
            .ShouldBe($"{bff.Address.GetLeftPart(UriPartial.Authority)}/bff/signout-callback-oidc");
        query.Keys.ShouldNotContain("id_token_hint");
        ada.Browser.Cookies.ShouldBeEmpty();
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.Unauthorized);
        await Wait.UntilAsync(
            async () =>
                (await elsewhere.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode == HttpStatusCode.Unauthorized,
            TimeSpan.FromSeconds(3)
        );
        (
            await bff.Database.ExecuteAsync($"SELECT end_reason FROM identity.sessions WHERE id = '{ada.Session.Id}'")
        ).ShouldBe("signed-out");
        (
            await bff.Database.ExecuteAsync(
                $"""
                SELECT service || ' ' || action || ' ' || user_id || ' ' || subject_id || ' ' || (ip IS NOT
                    NULL) FROM audit.entries WHERE session_id = '{ada.Session.Id}'
                """
            )
        ).ShouldBe($"lightning_bff signed-out {ada.User.Id} {ada.Session.Id} true");
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM web.sessions")).ShouldBe(0L);
    }

    [Fact]
    public async Task Logout_Twice_IsNotAnError()
    {
        using var ada = await bff.SignInAsync();
        await ada.Browser.FetchAsync(HttpMethod.Post, "/bff/logout");
        var again = await ada.Browser.FetchAsync(HttpMethod.Post, "/bff/logout");

        (await again.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
            .GetProperty("redirect")
            .GetString()
            .ShouldBe("/");
    }

    [Fact]
    public async Task Logout_ProviderDown_EndsTheSession()
    {
        using var ada = await bff.SignInAsync();
        using var lonely = bff.NewBrowser(
            bff.Start(("Oidc:MetadataAddress", "http://127.0.0.1:9/.well-known/openid-configuration"))
        );
        lonely.SetCookie(BffUnderTest.SessionCookie, ada.Browser.Cookie(BffUnderTest.SessionCookie)!);

        var answer = await lonely.FetchAsync(HttpMethod.Post, "/bff/logout");

        (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
            .GetProperty("redirect")
            .GetString()
            .ShouldBe("/");
        await Wait.UntilAsync(
            async () => await ada.StatusOfAsync() == HttpStatusCode.Unauthorized,
            TimeSpan.FromSeconds(3)
        );
    }

    [Fact]
    public async Task SignedOutCallback_RedirectsToTheStartPage()
    {
        using var browser = bff.NewBrowser();

        (await browser.GetAsync("/bff/signout-callback-oidc")).Headers.Location!.ToString().ShouldBe("/");
    }

    [Fact]
    [Trait("Check", "O09")]
    public async Task Session_DatabaseUnavailable_Is503_KeepsTheCookie_AndRecovers()
    {
        await using var wire = await Wire.StartAsync(bff.Database.ConnectionStringOf("bff"));
        using var ada = await bff.SignInAsync(bff.Start(("ConnectionStrings:lightning", wire.ConnectionString)));
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);

        wire.Cut();
        // The cache answers until the heartbeat times out. Then it is 503, never 401.
        HttpResponseMessage answer;
        do
        {
            answer = await ada.FetchAsync("/bff/user");
            answer.StatusCode.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable);
        } while (answer.StatusCode == HttpStatusCode.OK);
        answer.Headers.Contains("Set-Cookie").ShouldBeFalse();
        answer.Headers.RetryAfter.ShouldNotBeNull();

        wire.Mend();
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "O05")]
    public async Task Session_DataProtectionKeyLost_RequiresASignIn()
    {
        using var ada = await bff.SignInAsync();
        await bff.Database.ExecuteAsync("DELETE FROM keys.data_protection");
        using var elsewhere = bff.NewBrowser(bff.Start());
        elsewhere.SetCookie(BffUnderTest.SessionCookie, ada.Browser.Cookie(BffUnderTest.SessionCookie)!);

        (await elsewhere.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
