using System.Net;
using System.Text.RegularExpressions;
using Lightning.Testing;

namespace Lightning.Admin.Tests;

/// <summary>The site as a browser meets it: who gets in, and how one gets out.</summary>
public partial class SiteTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Pages => ["/", "/accounts", "/audit-entries", "/sessions", "/notes", "/outbox", "/shares", "/signing-keys", "/users", "/notes/-/export?format=csv", "/nothing"];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_Anonymous_LeadsToSigningIn_AndForAScriptIs401(string page)
    {
        using var browser = admin.NewBrowser();
        using var asPage = await browser.GetAsync(page, ("Accept", "text/html"));
        asPage.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        asPage.Headers.Location!.ToString().ShouldStartWith("/login?returnUrl=");
        (await browser.GetAsync(page, ("Accept", "application/json"))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_SomebodyWhoIsNoAdministrator_Is403AndShowsNothing(string page)
    {
        var (_, _, browser) = await admin.SignInAsync(isAdmin: false);
        using var answer = await browser.GetAsync(page, ("Accept", "text/html"));
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain("@example.com");
        browser.Dispose();
    }

    [Fact]
    public async Task Page_RightTakenAway_CountsAtOnce()
    {
        var (user, _, browser) = await admin.SignInAsync(isAdmin: true);
        (await browser.GetAsync("/accounts")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await admin.Database.ExecuteAsync($"UPDATE app.users SET is_admin = false WHERE id = '{user.Id}'");
        await Wait.UntilAsync(async () => (await browser.GetAsync("/accounts", ("Accept", "text/html"))).StatusCode == HttpStatusCode.Forbidden, TimeSpan.FromSeconds(3));
        browser.Dispose();
    }

    [Fact]
    [Trait("Check", "B01")]
    [Trait("Check", "B04")]
    public async Task Cookies_AllOfThem_AreHostBoundAndSecure()
    {
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        using var fresh = admin.NewBrowser();
        using var page = await fresh.GetAsync("/", ("Cookie", $"{AdminUnderTest.SessionCookie}={browser.Cookie(AdminUnderTest.SessionCookie)}"));
        using var login = await browser.GetAsync("/login");
        var cookies = page.Headers.GetValues("Set-Cookie").Concat(login.Headers.GetValues("Set-Cookie")).ToArray();
        cookies.ShouldContain(cookie => cookie.StartsWith("__Host-lightning-admin-af=", StringComparison.Ordinal));
        // A browser drops a __Host- cookie that lacks one of these (RFC 6265bis, 4.1.3.2).
        cookies.ShouldAllBe(cookie => cookie.StartsWith("__Host-", StringComparison.Ordinal) && cookie.Contains("; path=/;") && cookie.Contains("; secure") && cookie.Contains("; httponly"));
        browser.Dispose();
    }

    [Fact]
    [Trait("Check", "B20")]
    public async Task SignOut_ByTheSitesOwnFormOnly_EndsTheSession()
    {
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        (await browser.GetAsync("/logout")).StatusCode.ShouldBe(HttpStatusCode.Redirect);
        (await browser.SendAsync(HttpMethod.Post, "/logout", new FormUrlEncodedContent([]))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await EndedAsync(session.Id)).ShouldBeFalse();

        using var page = await browser.GetAsync("/");
        var token = Token().Match(await page.Content.ReadAsStringAsync(Cancellation)).Groups["value"].Value;
        using var left = await browser.SendAsync(HttpMethod.Post, "/logout", new FormUrlEncodedContent([new("__RequestVerificationToken", token)]));
        left.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        left.Headers.Location!.ToString().ShouldStartWith($"{admin.Provider.Issuer}/endsession?");
        (await EndedAsync(session.Id)).ShouldBeTrue();
        browser.Dispose();
    }

    async Task<bool> EndedAsync(Guid sid) => (bool)(await admin.Database.ExecuteAsync($"SELECT ended_at IS NOT NULL FROM identity.sessions WHERE id = '{sid}'"))!;

    [GeneratedRegex("""name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Token();
}
