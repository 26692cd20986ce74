using System.Net;
using System.Text.RegularExpressions;
using Lightning.Testing;

namespace Lightning.Admin.Tests;

/// <summary>Access to the site: authorization, cookies and sign-out.</summary>
public partial class SiteTests(AdminUnderTest admin) : IClassFixture<AdminUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Pages =>
        [
            "/",
            "/accounts",
            "/audit-entries",
            "/sessions",
            "/notes",
            "/shares",
            "/signing-keys",
            "/users",
            "/unsent-messages",
            "/notes/-/export?format=csv",
            "/nothing",
        ];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Anonymous_page_redirects_to_sign_in_and_scripts_get_401(string page)
    {
        using var browser = admin.NewBrowser();
        using var asPage = await browser.GetAsync(page, ("Accept", "text/html"));
        asPage.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        asPage.Headers.Location!.ToString().ShouldStartWith("/login?returnUrl=");
        (await browser.GetAsync(page, ("Accept", "application/json"))).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_for_a_non_administrator_returns_403(string page)
    {
        var (_, _, browser) = await admin.SignInAsync(isAdmin: false);
        using var answer = await browser.GetAsync(page, ("Accept", "text/html"));
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain("@example.com");
        browser.Dispose();
    }

    [Theory]
    [InlineData("sid")]
    [InlineData("sid", "subject")]
    [InlineData("sid", "subject", "issuer")]
    public async Task Cookie_whose_session_is_rewritten_to_an_administrator_is_refused(params string[] columns)
    {
        var (_, ordinary, browser) = await admin.SignInAsync(isAdmin: false);
        var (_, administrator, _) = await admin.SignInAsync(isAdmin: true);
        (await browser.GetAsync("/", ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        await admin.Database.ExecuteAsync(
            $"""
            UPDATE web.sessions AS mine SET {string.Join(", ", columns.Select(name => $"{name} = theirs.{name}"))}
            FROM web.sessions AS theirs
            WHERE mine.sid = '{ordinary.Id}' AND theirs.sid = '{administrator.Id}';
            SELECT count(pg_notify('lightning', 'web:' || encode(id_hash, 'hex'))) FROM web.sessions
            """
        );

        await Wait.UntilAsync(async () =>
            (await browser.GetAsync("/", ("Accept", "text/html")))
                .Headers.Location?.ToString()
                .StartsWith("/login", StringComparison.Ordinal) == true
        );
        browser.Dispose();
    }

    [Fact]
    public async Task Revoked_administrator_loses_access_immediately()
    {
        var (user, _, browser) = await admin.SignInAsync(isAdmin: true);
        (await browser.GetAsync("/accounts")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await admin.Database.ExecuteAsync($"UPDATE app.users SET is_admin = false WHERE id = '{user.Id}'");
        await Wait.UntilAsync(
            async () =>
                (await browser.GetAsync("/accounts", ("Accept", "text/html"))).StatusCode == HttpStatusCode.Forbidden,
            TimeSpan.FromSeconds(3)
        );
        browser.Dispose();
    }

    [Fact]
    public async Task Hundred_unfinished_sign_ins_keep_the_newest_five()
    {
        await admin.SignInAsync(isAdmin: true);
        using var browser = admin.NewBrowser();
        var newest = "";

        for (var i = 0; i < 100; i++)
        {
            using var challenge = await browser.GetAsync("/login");
            newest = challenge.Headers.Location!.ToString();
            browser.Cookies.Count().ShouldBeLessThanOrEqualTo(10);
            browser.Cookies.Sum(cookie => cookie.ToString().Length + 2).ShouldBeLessThan(4096);
        }

        browser.Cookies.Count().ShouldBe(10);
        using var page = await browser.FollowAsync(newest);
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        browser.Cookie(AdminUnderTest.SessionCookie).ShouldNotBeNull();
    }

    [Fact]
    [Trait("Check", "B01")]
    [Trait("Check", "B04")]
    public async Task Cookies_are_host_bound_and_secure()
    {
        var (_, _, browser) = await admin.SignInAsync(isAdmin: true);
        using var fresh = admin.NewBrowser();
        using var page = await fresh.GetAsync(
            "/",
            ("Cookie", $"{AdminUnderTest.SessionCookie}={browser.Cookie(AdminUnderTest.SessionCookie)}")
        );
        using var login = await browser.GetAsync("/login");
        var cookies = page.Headers.GetValues("Set-Cookie").Concat(login.Headers.GetValues("Set-Cookie")).ToArray();
        cookies.ShouldContain(cookie => cookie.StartsWith("__Host-lightning-admin-af=", StringComparison.Ordinal));
        // Browsers drop a __Host- cookie without these attributes (RFC 6265bis, 4.1.3.2).
        cookies.ShouldAllBe(cookie =>
            cookie.StartsWith("__Host-", StringComparison.Ordinal)
            && cookie.Contains("; path=/;")
            && cookie.Contains("; secure")
            && cookie.Contains("; httponly")
        );
        browser.Dispose();
    }

    [Fact]
    [Trait("Check", "B20")]
    public async Task Sign_out_needs_the_sites_own_form()
    {
        var (_, session, browser) = await admin.SignInAsync(isAdmin: true);
        (await browser.GetAsync("/logout")).StatusCode.ShouldBe(HttpStatusCode.Redirect);
        (await browser.SendAsync(HttpMethod.Post, "/logout", new FormUrlEncodedContent([]))).StatusCode.ShouldBe(
            HttpStatusCode.BadRequest
        );
        (await EndedAsync(session.Id)).ShouldBeFalse();

        using var page = await browser.GetAsync("/");
        var token = Token().Match(await page.Content.ReadAsStringAsync(Cancellation)).Groups["value"].Value;
        using var left = await browser.SendAsync(
            HttpMethod.Post,
            "/logout",
            new FormUrlEncodedContent([new("__RequestVerificationToken", token)])
        );
        left.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        left.Headers.Location!.ToString().ShouldStartWith($"{admin.Provider.Issuer}/endsession?");
        (await EndedAsync(session.Id)).ShouldBeTrue();
        browser.Dispose();
    }

    async Task<bool> EndedAsync(Guid sid) =>
        (bool)
            (
                await admin.Database.ExecuteAsync(
                    $"SELECT ended_at IS NOT NULL FROM identity.sessions WHERE id = '{sid}'"
                )
            )!;

    [GeneratedRegex(
        """name="__RequestVerificationToken"[^>]*value="(?<value>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Token();
}
