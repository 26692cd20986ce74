using System.Net;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

/// <summary>A sign-in page that is left open for a long time. Each test has its own BFF.</summary>
public sealed class SlowSignInTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    [Theory]
    [InlineData(16)]
    [InlineData(59)]
    public async Task Callback_WithinTheHour_SignsIn(int minutes)
    {
        using var browser = bff.NewBrowser();
        var callback = await BeginAsync(browser);
        Wait(browser, minutes);

        using var landing = await browser.GetAsync(callback);

        landing.StatusCode.ShouldBe(HttpStatusCode.OK);
        landing.Headers.GetValues("Refresh").ShouldBe(["0;url=/notes?q=x"]);
        browser.Cookie(BffUnderTest.SessionCookie).ShouldNotBeNull();
    }

    [Theory]
    [InlineData(60)]
    [InlineData(61)]
    [InlineData(600)]
    public async Task Callback_AfterAnHour_BeginsAgainAndSignsIn(int minutes)
    {
        using var browser = bff.NewBrowser();
        var callback = await BeginAsync(browser);
        var pushed = bff.Provider.PushedRequests.Count;
        Wait(browser, minutes);

        using var restarted = await browser.GetAsync(callback);

        restarted.Headers.Location!.ToString().ShouldBe("/bff/login?returnUrl=%2Fnotes%3Fq%3Dx");
        browser.Cookie(BffUnderTest.SessionCookie).ShouldBeNull();
        using var challenge = await browser.GetAsync(restarted.Headers.Location.ToString());
        using var there = await browser.GetAsync(challenge.Headers.Location!.ToString());
        using var landing = await browser.GetAsync(there.Headers.Location!.ToString());
        landing.Headers.GetValues("Refresh").ShouldBe(["0;url=/notes?q=x"]);
        browser.Cookie(BffUnderTest.SessionCookie).ShouldNotBeNull();
        bff.Provider.PushedRequests.Count.ShouldBe(pushed + 1, "it begins once");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(59)]
    public async Task Callback_OfAnotherBrowser_IsRefused(int minutes)
    {
        using var browser = bff.NewBrowser();
        var callback = await BeginAsync(browser);
        Wait(browser, minutes);
        using var other = bff.NewBrowser();

        using var refused = await other.GetAsync(callback, ("Accept", "text/html"));

        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        other.Cookies.ShouldBeEmpty();
    }

    [Fact]
    public async Task Impersonation_AfterAnHour_DoesNotBeginAgain()
    {
        using var browser = bff.NewBrowser();
        var callback = await BeginAsync(browser, "/bff/act?code=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        Wait(browser, 61);

        using var refused = await browser.GetAsync(callback, ("Accept", "text/html"));

        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Try again");
    }

    /// <summary>
    /// Begins a sign-in and returns the provider's response, which the browser has not delivered yet.
    /// </summary>
    async Task<string> BeginAsync(Browser browser, string login = "/bff/login?returnUrl=%2Fnotes%3Fq%3Dx")
    {
        await bff.AddPersonAsync();
        // Tokens are validated by the real clock.
        bff.Provider.Clock = TimeProvider.System;
        using var challenge = await browser.GetAsync(login);
        using var there = await browser.GetAsync(challenge.Headers.Location!.ToString());
        return there.Headers.Location!.ToString();
    }

    /// <summary>Advances the clock of the BFF and of the browser, which forgets expired cookies.</summary>
    void Wait(Browser browser, int minutes)
    {
        bff.Clock.Advance(TimeSpan.FromMinutes(minutes));
        foreach (var cookie in browser.Cookies.ToList())
            cookie.Expired = cookie.Expires != default && cookie.Expires <= bff.Clock.GetUtcNow().LocalDateTime;
    }
}
