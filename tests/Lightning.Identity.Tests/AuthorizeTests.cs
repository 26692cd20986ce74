using System.Net;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

public class AuthorizeTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "A01"), Trait("Check", "A03")]
    [InlineData("http://localhost:5100/bff/signin-oidc/")]
    [InlineData("http://localhost:5100/bff/SIGNIN-oidc")]
    [InlineData("http://localhost:5100/bff/signin-oidc?next=1")]
    [InlineData("http://localhost:5100/bff/signin-oidc#x")]
    [InlineData("http://localhost:5100/bff/../bff/signin-oidc")]
    [InlineData("http://LOCALHOST:5100/bff/signin-oidc")]
    [InlineData("http://localhost:5100.evil.example/bff/signin-oidc")]
    [InlineData("http://localhost:5100@evil.example/bff/signin-oidc")]
    [InlineData("https://evil.example/bff/signin-oidc")]
    [InlineData("http://localhost:5103/signin-oidc")]
    [InlineData("/bff/signin-oidc")]
    [InlineData("javascript:alert(1)")]
    [InlineData(null)]
    public async Task Authorize_UnregisteredRedirectUri_ShowsErrorPage(string? redirectUri)
    {
        using var response = await identity.Bff(identity.Visitor()).AuthorizeAsync(("redirect_uri", redirectUri));
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        response.Headers.Location.ShouldBeNull();
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain(
            "redirect_uri is not registered for this client"
        );
    }

    [Theory, Trait("Check", "A03")]
    [InlineData("unknown-client")]
    [InlineData("LIGHTNING-BFF")]
    [InlineData(null)]
    public async Task Authorize_UnknownClient_ShowsErrorPage(string? clientId)
    {
        using var response = await identity.Bff(identity.Visitor()).AuthorizeAsync(("client_id", clientId));
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        response.Headers.Location.ShouldBeNull();
    }

    [Theory, Trait("Check", "A03")]
    [InlineData("client_id", "lightning-admin")]
    [InlineData("redirect_uri", "https://evil.example/")]
    public async Task Authorize_RepeatedClientIdOrRedirectUri_ShowsErrorPage(string name, string value)
    {
        using var response = await identity
            .Visitor()
            .GetAsync(identity.Bff(identity.Visitor()).AuthorizeUrl() + $"&{name}={Uri.EscapeDataString(value)}");
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        response.Headers.Location.ShouldBeNull();
    }

    [Theory, Trait("Check", "A05")]
    [InlineData(null, "S256")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "plain")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", null)]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "s256")]
    [InlineData("tooshort", "S256")]
    [InlineData("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256")]
    public async Task Authorize_WithoutS256Challenge_IsRefused(string? challenge, string? method) =>
        await ShouldBeToldAsync("invalid_request", ("code_challenge", challenge), ("code_challenge_method", method));

    [Theory, Trait("Check", "A09")]
    [InlineData("token", "unsupported_response_type")]
    [InlineData("id_token", "unsupported_response_type")]
    [InlineData("id_token token", "unsupported_response_type")]
    [InlineData("code token", "unsupported_response_type")]
    [InlineData("code id_token", "unsupported_response_type")]
    [InlineData("CODE", "unsupported_response_type")]
    [InlineData(null, "invalid_request")]
    public async Task Authorize_ResponseTypeOtherThanCode_IsRefusedWithoutToken(string? responseType, string error)
    {
        var answer = await ShouldBeToldAsync(error, ("response_type", responseType));
        answer.Keys.ShouldBe(["error", "error_description", "state", "iss"], ignoreOrder: true);
    }

    [Theory, Trait("Check", "A10"), Trait("Check", "A25")]
    [InlineData("scope", null, "invalid_scope")]
    [InlineData("scope", "openid admin", "invalid_scope")]
    [InlineData("scope", "openid  profile", "invalid_scope")]
    [InlineData("response_mode", "fragment", "invalid_request")]
    [InlineData("response_mode", "form_post", "invalid_request")]
    [InlineData("request", "eyJ.e30.", "request_not_supported")]
    [InlineData("registration", "{}", "registration_not_supported")]
    [InlineData("prompt", "consent", "invalid_request")]
    [InlineData("prompt", "none login", "invalid_request")]
    [InlineData("max_age", "-1", "invalid_request")]
    [InlineData("max_age", "soon", "invalid_request")]
    [InlineData("id_token_hint", "eyJ.e30.", "invalid_request")]
    public async Task Authorize_UnsupportedParameter_ReturnsErrorToClient(string name, string? value, string error) =>
        await ShouldBeToldAsync(error, (name, value));

    [Fact]
    public async Task Authorize_RepeatedParameter_ReturnsErrorToClient()
    {
        var visitor = identity.Visitor();
        using var response = await visitor.GetAsync(identity.Bff(visitor).AuthorizeUrl() + "&scope=openid");
        RelyingParty.Callback(response)["error"].ShouldBe("invalid_request");
    }

    [Fact, Trait("Check", "A21"), Trait("Check", "A22")]
    public async Task Authorize_SignedIn_RedirectsWithCodeStateAndIssuer()
    {
        var (_, visitor) = await identity.SignedInAsync("ada");
        using var response = await identity.Bff(visitor).AuthorizeAsync();
        response.Headers.Location!.ToString().ShouldStartWith("http://localhost:5100/bff/signin-oidc?");
        var answer = RelyingParty.Callback(response);
        answer.Keys.ShouldBe(["code", "state", "iss"], ignoreOrder: true);
        answer["state"].ShouldBe("the state");
        answer["iss"].ShouldBe(People.Issuer);
        answer["code"].Length.ShouldBe(43);
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    [Fact, Trait("Check", "A22")]
    public async Task SignIn_PostedPassword_RedirectsWithSeeOther()
    {
        var user = await identity.AddAccountAsync("bella");
        var visitor = identity.Visitor();
        using var redirected = await identity.Bff(visitor).AuthorizeAsync();
        redirected.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        using var signedIn = await visitor.SignInAsync(user.Email, page: redirected.Headers.Location!.ToString());
        signedIn.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        signedIn.Headers.Location!.ToString().ShouldStartWith("/connect/authorize?");
        using var done = await visitor.GetAsync(signedIn.Headers.Location.ToString());
        RelyingParty.Callback(done).ShouldContainKey("code");
    }

    [Fact]
    public async Task Authorize_CrossSitePost_RedirectsToGet()
    {
        var (_, visitor) = await identity.SignedInAsync("carl");
        var bff = identity.Bff(visitor);
        using var posted = await visitor.Browser.SendAsync(
            HttpMethod.Post,
            "/connect/authorize",
            new FormUrlEncodedContent(bff.Request()!)
        );
        posted.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        using var response = await visitor.GetAsync(posted.Headers.Location!.ToString());
        RelyingParty.Callback(response).ShouldContainKey("code");
    }

    [Fact]
    public async Task Authorize_PromptNone_NeverShowsAPage()
    {
        await ShouldBeToldAsync("login_required", ("prompt", "none"));
        var (_, visitor) = await identity.SignedInAsync("dora");
        RelyingParty.Callback(await identity.Bff(visitor).AuthorizeAsync(("prompt", "none"))).ShouldContainKey("code");
        identity.Clock.Advance(TimeSpan.FromMinutes(2));
        RelyingParty
            .Callback(await identity.Bff(visitor).AuthorizeAsync(("prompt", "none"), ("max_age", "60")))["error"]
            .ShouldBe("login_required");
        RelyingParty
            .Callback(await identity.Bff(visitor).AuthorizeAsync(("prompt", "none"), ("max_age", "300")))
            .ShouldContainKey("code");
    }

    [Theory]
    [InlineData("prompt", "login")]
    [InlineData("max_age", "0")]
    public async Task Authorize_ReauthenticationRequired_KeepsSessionId(string name, string value)
    {
        var (user, visitor) = await identity.SignedInAsync($"fresh-{name}");
        var bff = identity.Bff(visitor);
        var before = new Claims((await bff.TokensAsync())["id_token"]!);
        identity.Clock.Advance(TimeSpan.FromSeconds(5));
        using var redirected = await bff.AuthorizeAsync((name, value));
        redirected.Headers.Location!.ToString().ShouldStartWith("/account/sign-in?");
        using var signedIn = await visitor.SignInAsync(user.Email, page: redirected.Headers.Location.ToString());
        using var done = await visitor.GetAsync(signedIn.Headers.Location!.ToString());
        var after = new Claims((await bff.RedeemAsync(RelyingParty.Callback(done)["code"]))["id_token"]!);
        after["sid"].ShouldBe(before["sid"]);
        (after.Number("auth_time") - before.Number("auth_time")).ShouldBe(5);
    }

    [Fact]
    public async Task Authorize_PromptCreate_RedirectsToRegistration()
    {
        using var response = await identity.Bff(identity.Visitor()).AuthorizeAsync(("prompt", "create"));
        response.Headers.Location!.ToString().ShouldStartWith("/account/register?");
    }

    [Fact, Trait("Check", "A08")]
    public async Task SuspendedRequest_OpenedInAnotherBrowser_IsRefused()
    {
        var visitor = identity.Visitor();
        using var redirected = await identity.Bff(visitor).AuthorizeAsync();
        var parked = Microsoft
            .AspNetCore.WebUtilities.QueryHelpers.ParseQuery(redirected.Headers.Location!.ToString().Split('?', 2)[1])[
                "returnUrl"
            ]
            .ToString();
        var (_, stranger) = await identity.SignedInAsync("eve");
        using var response = await stranger.GetAsync(parked);
        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        response.Headers.Location.ShouldBeNull();

        // A browser with a cookie of its own, because it has begun another sign-in.
        var beginner = identity.Visitor();
        using var begun = await identity.Bff(beginner).AuthorizeAsync();
        using var refused = await beginner.GetAsync(parked);
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var resumed = await visitor.GetAsync(parked);
        resumed.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact, Trait("Check", "A24")]
    public async Task Authorize_CrossOriginCall_GetsNoCorsHeaders()
    {
        var visitor = identity.Visitor();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Options })
        {
            using var response = await visitor.Browser.SendAsync(
                method,
                identity.Bff(visitor).AuthorizeUrl(),
                null,
                ("Origin", "http://127.0.0.1:7777"),
                ("Access-Control-Request-Method", "GET")
            );
            response.Headers.ShouldNotContain(header =>
                header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase)
            );
        }
    }

    async Task<Dictionary<string, string>> ShouldBeToldAsync(
        string error,
        params (string Name, string? Value)[] changes
    )
    {
        using var response = await identity.Bff(identity.Visitor()).AuthorizeAsync(changes);
        response.Headers.Location!.ToString().ShouldStartWith("http://localhost:5100/bff/signin-oidc?");
        var answer = RelyingParty.Callback(response);
        answer["error"].ShouldBe(error);
        answer["state"].ShouldBe("the state");
        answer["iss"].ShouldBe(People.Issuer);
        return answer;
    }
}
