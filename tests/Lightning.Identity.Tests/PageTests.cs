using System.Net;
using System.Text.RegularExpressions;

namespace Lightning.Identity.Tests;

public partial class PageTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    public static TheoryData<string> Pages =>
        [
            "/account/sign-in",
            "/account/register",
            "/account/check-mail",
            "/account/forgot-password",
            "/account/password?token=x",
            "/account/signed-out",
            "/account/deleted",
            "/connect/authorize?client_id=unknown-client",
            "/connect/endsession?client_id=unknown-client",
            "/no-such-page",
        ];

    [Theory, Trait("Check", "A23"), MemberData(nameof(Pages))]
    public async Task Page_SecurityHeaders_ForbidFramesForeignContentAndReferrer(string page)
    {
        using var response = await identity.Visitor().GetAsync(page, ("Accept", "text/html"));
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("frame-ancestors 'none'");
        policy.ShouldContain("script-src 'self';");
        policy.ShouldNotContain("unsafe");
        response.Headers.GetValues("X-Frame-Options").ShouldBe(["DENY"]);
        response.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        var html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Loaded()
            .Matches(html)
            .Select(match => match.Groups["target"].Value)
            .ShouldAllBe(target => target.StartsWith('/') && !target.StartsWith("//", StringComparison.Ordinal));
        // Scripts are loaded from this origin only.
        Script()
            .Matches(html)
            .Select(match => match.Value)
            .ShouldAllBe(script =>
                script.Contains(" src=\"/js/", StringComparison.Ordinal)
                && script.EndsWith("></script>", StringComparison.Ordinal)
            );
        html.ShouldNotContain(" style=");
    }

    [Fact, Trait("Check", "A23")]
    public async Task ContentSecurityPolicy_AllowsFormsToRegisteredClientsOnly()
    {
        using var response = await identity.Visitor().GetAsync("/account/sign-in");
        var sources = response
            .Headers.GetValues("Content-Security-Policy")
            .Single()
            .Split("; ")
            .Single(directive => directive.StartsWith("form-action", StringComparison.Ordinal))
            .Split(' ')[1..];
        // A native app listens on any free port (RFC 8252, 7.3); the sample front end is a Development client.
        sources.ShouldBe(
            [
                "'self'",
                "http://localhost:5100",
                "http://localhost:5103",
                "http://localhost:5107",
                "http://localhost:5102",
                "http://127.0.0.1:7777",
                "http://127.0.0.1:*",
            ],
            ignoreOrder: true
        );
    }

    [Fact]
    public async Task Cookies_AreHostOnlySecureAndHttpOnly()
    {
        var visitor = identity.Visitor();
        var user = await identity.AddAccountAsync("ada");
        using var redirected = await identity.Bff(visitor).AuthorizeAsync();
        using var page = await visitor.GetAsync(redirected.Headers.Location!.ToString());
        using var signedIn = await visitor.SignInAsync(user.Email);
        var cookies = new[] { redirected, page, signedIn }
            .SelectMany(response => response.Headers.TryGetValues("Set-Cookie", out var values) ? values : [])
            .ToArray();
        cookies
            .Select(cookie => cookie.Split('=')[0])
            .Distinct()
            .ShouldBe(
                [
                    "__Host-lightning-id-flow",
                    "__Host-lightning-id-af",
                    "__Host-lightning-id",
                    "__Host-lightning-id-step",
                    "__Host-lightning-id-device",
                ],
                ignoreOrder: true
            );
        cookies.ShouldAllBe(cookie =>
            cookie.Contains("path=/", StringComparison.Ordinal)
            && cookie.Contains("secure", StringComparison.Ordinal)
            && cookie.Contains("httponly", StringComparison.Ordinal)
            && cookie.Contains("samesite", StringComparison.Ordinal)
            && !cookie.Contains("domain", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task SessionCookie_SessionEnded_IsRejected()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        (await visitor.ReadAsync("/")).ShouldContain("You are signed in");
        await identity.Database.ExecuteAsync($"SELECT identity.end_user_sessions('{user.Id}', 'test')");
        using var response = await visitor.GetAsync("/");
        response.Headers.Location!.ToString().ShouldBe("/account/sign-in");
    }

    [Fact]
    public async Task SignIn_AnotherUserInSameBrowser_EndsFirstSession()
    {
        var (first, visitor) = await identity.SignedInAsync("carol");
        var second = await identity.AddAccountAsync("dave");
        await visitor.SignInAsync(second.Email);
        (await identity.IsActiveAsync(first.Id)).ShouldBeFalse();
        (await identity.IsActiveAsync(second.Id)).ShouldBeTrue();
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/connect/authorize?")]
    [InlineData("/\\evil.example")]
    [InlineData("/connect/authorize/../../evil?")]
    [InlineData("/connect/authorize?x=1\r\nSet-Cookie:a=b")]
    [InlineData("/account/sign-out")]
    public async Task SignIn_ForeignReturnUrl_IsNotFollowed(string returnUrl)
    {
        var user = await identity.AddAccountAsync($"r{Guid.NewGuid():N}");
        using var response = await identity
            .Visitor()
            .SignInAsync(user.Email, page: $"/account/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}");
        response.Headers.Location!.ToString().ShouldBe("/");
    }

    [Fact]
    public async Task SignIn_WithoutAntiforgeryToken_IsRefused()
    {
        var user = await identity.AddAccountAsync("frank");
        using var response = await identity
            .Visitor()
            .Browser.SendAsync(
                HttpMethod.Post,
                "/account/sign-in",
                new FormUrlEncodedContent([new("Email", user.Email), new("Password", IdentityUnderTest.Password)])
            );
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await identity.IsActiveAsync(user.Id)).ShouldBeFalse();
    }

    [GeneratedRegex("""<script\b.*?</script>""", RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Script();

    [GeneratedRegex(
        """<(link|img|script|iframe|source|form)\b[^>]*\b(href|src|action)="(?<target>[^"]*)""",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Loaded();
}
