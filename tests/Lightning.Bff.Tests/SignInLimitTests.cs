using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>
/// Limits of sign-ins: how many an address may begin, and how many a browser keeps. Each test has its own BFF.
/// </summary>
public sealed class SignInLimitTests(PostgresServer server) : IAsyncLifetime
{
    const int Limit = 10;

    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Theory]
    [InlineData("/bff/login", HttpStatusCode.Redirect)]
    [InlineData("/bff/act?code=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", HttpStatusCode.Redirect)]
    [InlineData("/bff/signin-oidc?code=x&state=y", HttpStatusCode.BadRequest)]
    public async Task SignIns_OfOneAddress_AreLimited_AndItsSessionsAreNot(string path, HttpStatusCode answered)
    {
        var replica = bff.Start(("Sessions:SignInsPerMinute", $"{Limit}"));
        using var ada = await bff.SignInAsync(replica);
        using var bob = await bff.SignInAsync(replica);

        using var refused = await ExhaustAsync(replica, path, answered);

        refused.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
        (await refused.Content.ReadFromJsonAsync<JsonElement>(Cancellation))
            .GetProperty("type")
            .GetString()
            .ShouldBe("/problems/too-many-requests");
        foreach (var uri in new[] { "/bff/user?slide=false", "/bff/sessions", "/api/v1/notes" })
            (await ada.StatusOfAsync(uri)).ShouldBe(HttpStatusCode.OK);
        // An expired token is refreshed, also while the session is not cached.
        var refreshes = Refreshes();
        await bff.Database.ExecuteAsync(
            $"UPDATE web.sessions SET token_expires_at = clock_timestamp() WHERE sid = '{bob.Session.Id}'"
        );
        await Wait.UntilAsync(async () =>
        {
            (await bob.StatusOfAsync("/api/v1/notes")).ShouldBe(HttpStatusCode.OK);
            return Refreshes() > refreshes;
        });
    }

    [Fact]
    public async Task Login_BeyondTheLimit_ShowsAPageToBrowsers()
    {
        var replica = bff.Start(("Sessions:SignInsPerMinute", $"{Limit}"));
        (await ExhaustAsync(replica, "/bff/login", HttpStatusCode.Redirect)).Dispose();
        using var browser = bff.NewBrowser(replica);

        using var page = await browser.GetAsync("/bff/login", ("Accept", "text/html"));

        page.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        (await page.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Too many sign-ins");
    }

    [Fact]
    public async Task SignIns_HundredUnfinished_KeepTheNewestFive()
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var challenges = new List<string>();

        for (var i = 0; i < 100; i++)
        {
            bff.Clock.Advance(TimeSpan.FromMilliseconds(1));
            using var challenge = await browser.GetAsync("/bff/login");
            challenge.StatusCode.ShouldBe(HttpStatusCode.Redirect);
            challenges.Add(challenge.Headers.Location!.ToString());
            browser.Cookies.Count().ShouldBeLessThanOrEqualTo(10);
            browser.Cookies.Sum(cookie => cookie.ToString().Length + 2).ShouldBeLessThan(4096);
        }

        browser.Cookies.Count().ShouldBe(10);
        (await CompleteAsync(browser, challenges[^1])).ShouldBe(HttpStatusCode.OK);
        (await CompleteAsync(browser, challenges[^6])).ShouldBe(HttpStatusCode.BadRequest);
        (await CompleteAsync(browser, challenges[^5])).ShouldBe(HttpStatusCode.OK);
        browser.Cookie(BffUnderTest.SessionCookie).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("__Host-lightning-state.")]
    [InlineData("__Host-lightning-nonce.")]
    public async Task SignIn_CookiesWithoutATime_GoFirst(string prefix)
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        foreach (var name in new[] { "", "x", ".", "x.y", "-1.x", "99999999999999999999.x" })
            browser.SetCookie(prefix + name, "N");
        using var first = await browser.GetAsync("/bff/login");
        bff.Clock.Advance(TimeSpan.FromMilliseconds(1));

        for (var i = 0; i < 4; i++)
            (await browser.GetAsync("/bff/login")).Dispose();

        browser.Cookies.Count().ShouldBe(10);
        (await CompleteAsync(browser, first.Headers.Location!.ToString())).ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>Requests a path without a session until it is refused; returns the refusal.</summary>
    static async Task<HttpResponseMessage> ExhaustAsync(Uri replica, string path, HttpStatusCode answered)
    {
        using var stranger = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = replica,
        };
        for (var count = 0; ; count++)
        {
            var answer = await stranger.GetAsync(path, Cancellation);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                return answer;
            answer.StatusCode.ShouldBe(answered);
            answer.Dispose();
            // Permits are refilled during the test.
            count.ShouldBeLessThan(3 * Limit);
        }
    }

    int Refreshes() => bff.Provider.Refreshes.Count;

    /// <summary>Completes a begun sign-in; returns the callback's status.</summary>
    static async Task<HttpStatusCode> CompleteAsync(Browser browser, string challenge)
    {
        using var there = await browser.GetAsync(challenge);
        using var back = await browser.GetAsync(there.Headers.Location!.ToString());
        return back.StatusCode;
    }
}
