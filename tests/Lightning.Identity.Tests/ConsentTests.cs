using System.Net;
using System.Text.Json;
using Lightning.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Identity.Tests;

/// <summary>Identity with a public client that has all kinds of redirect URIs.</summary>
public sealed class IdentityWithNativeApps(PostgresServer server) : IdentityUnderTest(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [
            ("Identity:Clients:Public:RedirectUris:1", "http://127.0.0.1/native"),
            ("Identity:Clients:Public:RedirectUris:2", "http://[::1]/native"),
            ("Identity:Clients:Public:RedirectUris:3", "com.example.app:/callback"),
            ("Identity:Clients:Public:RedirectUris:4", "https://app.example.com/callback"),
            ("Identity:Clients:Public:RedirectUris:5", "http://localhost:5107/callback"),
            ("Identity:Clients:Public:Title", "Lightning <Desktop>"),
            ("Identity:Clients:Local:ClientId", "local-web-app"),
            ("Identity:Clients:Local:Secret", BffSecret),
            ("Identity:Clients:Local:RedirectUris:0", "http://127.0.0.1:7777/signin-oidc"),
            ("Identity:Clients:Local:Scopes:0", "openid"),
            ("Identity:Clients:Local:GrantTypes:0", "authorization_code"),
        ];
}

/// <summary>A native app asks the user once, because its identity is not assured (RFC 8252, 8.6).</summary>
public class ConsentTests(IdentityWithNativeApps identity) : IClassFixture<IdentityWithNativeApps>
{
    const string Callback = "http://127.0.0.1:7777/callback";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Callback)]
    [InlineData("http://127.0.0.1/native")]
    [InlineData("http://127.0.0.1:49152/native")]
    [InlineData("http://[::1]/native")]
    [InlineData("http://[::1]:49152/native")]
    [InlineData("com.example.app:/callback")]
    public async Task NativeRedirectUri_AsksOncePerUser(string redirectUri)
    {
        var (user, visitor) = await SignedInAsync();
        var app = identity.Native(visitor);
        using var asked = await app.AuthorizeAsync(("redirect_uri", redirectUri));
        RelyingParty.IsConsent(asked).ShouldBeTrue();
        var consent = asked.Headers.Location!.ToString();
        var page = WebUtility.HtmlDecode(await visitor.ReadAsync(consent));

        using var agreed = await visitor.SubmitAsync(consent);

        page.ShouldContain("Allow Lightning <Desktop>?");
        page.ShouldContain(user.Email);
        foreach (var right in new[] { "your name", "your email address", "until you sign out", "in Lightning" })
            page.ShouldContain(right);
        await ShouldGetCodeAsync(visitor, Next(agreed), redirectUri);
        // Not again: in this browser, in another one, and for another port.
        var elsewhere = identity.Visitor();
        await elsewhere.SignInAsync(user.Email);
        foreach (var browser in new[] { visitor, elsewhere })
            await ShouldGetCodeAsync(
                browser,
                identity.Native(browser).AuthorizeUrl(("redirect_uri", "http://127.0.0.1:50000/native")),
                "http://127.0.0.1:50000/native"
            );
        var (_, other) = await SignedInAsync();
        RelyingParty.IsConsent(await identity.Native(other).AuthorizeAsync()).ShouldBeTrue();
    }

    [Theory]
    [InlineData("lightning-public", "https://app.example.com/callback")]
    [InlineData("lightning-public", "http://localhost:5107/callback")]
    [InlineData("local-web-app", "http://127.0.0.1:7777/signin-oidc")]
    public async Task AssuredClient_DoesNotAsk(string clientId, string redirectUri)
    {
        var (_, visitor) = await SignedInAsync();

        var url = identity
            .Native(visitor)
            .AuthorizeUrl(("client_id", clientId), ("redirect_uri", redirectUri), ("scope", "openid"));

        await ShouldGetCodeAsync(visitor, url, redirectUri);
    }

    [Theory]
    [InlineData(Callback)]
    [InlineData("http://[::1]:49152/native")]
    public async Task Cancel_ReturnsAccessDeniedAndRemembersNothing(string redirectUri)
    {
        var (user, visitor) = await SignedInAsync();
        using var asked = await identity.Native(visitor).AuthorizeAsync(("redirect_uri", redirectUri));
        var page = asked.Headers.Location!.ToString();

        using var cancelled = await visitor.SubmitToAsync(page, CancelUrl(page));

        var (target, parameters) = Target(Next(cancelled));
        target.ShouldBe(redirectUri);
        parameters["error"].ShouldBe("access_denied");
        parameters["state"].ShouldBe("the state");
        parameters["iss"].ShouldBe(People.Issuer);
        parameters.ShouldNotContainKey("code");
        (await ConsentsAsync(user.Id)).ShouldBeEmpty();
        // The request cannot be resumed; a new one asks again.
        (await visitor.GetAsync(ReturnUrl(page))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        RelyingParty.IsConsent(await identity.Native(visitor).AuthorizeAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task PromptNone_WithoutConsent_ReturnsConsentRequired()
    {
        var (_, visitor) = await SignedInAsync();
        var app = identity.Native(visitor);
        using var before = await app.AuthorizeAsync(("prompt", "none"));
        await app.CodeAsync();

        using var after = await app.AuthorizeAsync(("prompt", "none"));

        RelyingParty.Callback(before)["error"].ShouldBe("consent_required");
        RelyingParty.Callback(after).ShouldContainKey("code");
        using var signedOut = await identity.Native(identity.Visitor()).AuthorizeAsync(("prompt", "none"));
        RelyingParty.Callback(signedOut)["error"].ShouldBe("login_required");
    }

    [Fact]
    public async Task MoreScopes_AskAgain()
    {
        var (user, visitor) = await SignedInAsync();
        var app = identity.Native(visitor);
        await app.CodeAsync(("scope", "openid email"));

        using var fewer = await app.AuthorizeAsync(("scope", "openid"));
        using var more = await app.AuthorizeAsync(("scope", "openid lightning"));
        await app.CodeAsync(("scope", "openid lightning"));

        RelyingParty.Callback(fewer).ShouldContainKey("code");
        RelyingParty.IsConsent(more).ShouldBeTrue();
        (await ConsentsAsync(user.Id)).ShouldBe(["email lightning openid"]);
    }

    [Theory]
    [InlineData("sign in")]
    [InlineData("prompt")]
    [InlineData("pushed")]
    public async Task Consent_FollowsSignIn(string how)
    {
        var (user, visitor) = await SignedInAsync();
        if (how == "sign in")
            visitor = identity.Visitor();
        var app = identity.Native(visitor);
        var url =
            how == "pushed"
                ? $"/connect/authorize?client_id={app.ClientId}"
                    + $"&request_uri={Uri.EscapeDataString((await app.PushAsync())["request_uri"]!)}"
                : app.AuthorizeUrl(("prompt", how == "prompt" ? "login" : null));
        var next = (await visitor.GetAsync(url)).Headers.Location!.ToString();
        if (next.StartsWith("/account/sign-in", StringComparison.Ordinal))
            next = Next(await visitor.GetAsync(Next(await visitor.SignInAsync(user.Email, page: next))));

        using var agreed = await visitor.SubmitAsync(next);

        next.ShouldStartWith("/account/consent?");
        await ShouldGetCodeAsync(visitor, Next(agreed), Callback);
    }

    [Fact]
    public async Task Consent_ByAnotherSiteOrBrowser_IsRefused()
    {
        var (user, visitor) = await SignedInAsync();
        using var asked = await identity.Native(visitor).AuthorizeAsync();
        var page = asked.Headers.Location!.ToString();
        var elsewhere = identity.Visitor();
        await elsewhere.SignInAsync(user.Email);

        using var forged = await visitor.Browser.SendAsync(HttpMethod.Post, page, new FormUrlEncodedContent([]));
        using var opened = await elsewhere.GetAsync(page);
        using var posted = await elsewhere.SubmitToAsync("/account/data", page);
        using var anonymous = await identity.Visitor().GetAsync(page);

        forged.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        opened.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        posted.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        anonymous.Headers.Location!.ToString().ShouldStartWith("/account/sign-in?returnUrl=");
        (await ConsentsAsync(user.Id)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("?returnUrl=%2Faccount")]
    [InlineData("?returnUrl=https%3A%2F%2Fevil.example%2F")]
    public async Task ConsentPage_WithoutRequest_IsAnError(string query)
    {
        var (_, visitor) = await SignedInAsync();

        using var response = await visitor.GetAsync($"/account/consent{query}");

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Consent_IsInTheAccountsDataAndDeletedWithIt()
    {
        var (user, visitor) = await SignedInAsync();
        await identity.Native(visitor).CodeAsync(("scope", "openid"));

        using var export = await visitor.SubmitFormAsync("/account/data", "handler=Export");
        await visitor.SubmitFormAsync("/account/data", "handler=Delete", ("Confirmation", user.Email));

        using var data = JsonDocument.Parse(await export.Content.ReadAsStringAsync(Cancellation));
        var app = data.RootElement.GetProperty("apps").EnumerateArray().ShouldHaveSingleItem();
        app.GetProperty("clientId").GetString().ShouldBe("lightning-public");
        app.GetProperty("scopes").GetString().ShouldBe("openid");
        (await ConsentsAsync(user.Id)).ShouldBeEmpty();
    }

    Task<(Data.Users.User User, Visitor Visitor)> SignedInAsync() => identity.SignedInAsync($"c{Guid.NewGuid():N}");

    async Task<string?[]> ConsentsAsync(Guid accountId)
    {
        await using var db = identity.Database.Connect();
        return await db
            .UserTokens.Where(token => token.UserId == accountId)
            .Select(token => token.Value)
            .ToArrayAsync(Cancellation);
    }

    /// <summary>Where a response continues: by a redirect, or by itself if forms cannot be redirected there.</summary>
    static string Next(HttpResponseMessage response) =>
        response.Headers.Location?.ToString() ?? response.Headers.GetValues("Refresh").Single().Split("url=", 2)[1];

    static async Task ShouldGetCodeAsync(Visitor visitor, string url, string redirectUri)
    {
        using var response = await visitor.GetAsync(url);
        var (target, parameters) = Target(response.Headers.Location!.ToString());
        target.ShouldBe(redirectUri);
        parameters["code"].ShouldNotBeEmpty();
    }

    static (string Target, Dictionary<string, string> Parameters) Target(string url) =>
        (
            url.Split('?')[0],
            QueryHelpers
                .ParseQuery(url.Split('?')[1])
                .ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.Ordinal)
        );

    static string ReturnUrl(string page) => QueryHelpers.ParseQuery(page.Split('?', 2)[1])["returnUrl"].ToString();

    static string CancelUrl(string page) => $"{page}&handler=cancel";
}
