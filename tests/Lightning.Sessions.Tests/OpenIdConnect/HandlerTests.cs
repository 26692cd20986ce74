using System.Net;
using System.Security.Cryptography;
using System.Text;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.OpenIdConnect;

/// <summary>The OpenID Connect handler with valid and invalid provider responses.</summary>
public sealed class HandlerTests : IAsyncLifetime
{
    FakeProvider _provider = null!;

    public async ValueTask InitializeAsync() => _provider = await FakeProvider.StartAsync();

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    [Fact]
    public async Task SignIn_HappyPath_LandsSignedInWithTokens()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();

        var page = await browser.FollowAsync("/login");

        (await TextOf(page)).ShouldBe($"{_provider.Subject} access-canary-1");
        browser.Cookies.ShouldAllBe(cookie => !cookie.Name.Contains("Nonce") && !cookie.Name.Contains("Correlation"));
    }

    [Fact]
    [Trait("Check", "C12")]
    public async Task Challenge_ProviderOffersPar_BrowserCarriesOnlyTheReference()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();

        await browser.FollowAsync("/login");

        _provider.PushedRequests.ShouldHaveSingleItem()["client_secret"].ShouldBe(FakeProvider.ClientSecret);
        _provider
            .AuthorizationRequests.ShouldHaveSingleItem()
            .Keys.Where(key => !key.StartsWith("x-client", StringComparison.Ordinal))
            .ShouldBe(["client_id", "request_uri"], ignoreOrder: true);
    }

    [Fact]
    public async Task Challenge_ParRequiredButNotOffered_Fails()
    {
        _provider.OffersPar = false;
        await using var party = await RelyingParty.StartAsync(
            _provider,
            options => options.PushedAuthorizationBehavior = PushedAuthorizationBehavior.Require
        );
        using var browser = party.NewBrowser();

        await Should.ThrowAsync<InvalidOperationException>(() => browser.GetAsync("/login"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Check", "C03")]
    public async Task Challenge_WithOrWithoutPar_SendsPkceS256AndItsVerifier(bool pushed)
    {
        _provider.OffersPar = pushed;
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();

        await browser.FollowAsync("/login");
        await browser.FollowAsync("/login");

        var requests = (pushed ? _provider.PushedRequests : _provider.AuthorizationRequests).ToArray();
        requests.ShouldAllBe(request =>
            request["code_challenge_method"] == "S256" && request["response_type"] == "code"
        );
        var verifiers = _provider.Redemptions.Select(redemption => redemption["code_verifier"]).ToArray();
        verifiers.Distinct().Count().ShouldBe(2);
        verifiers.ShouldAllBe(verifier => WebEncoders.Base64UrlDecode(verifier).Length >= 32);
        verifiers
            .Select(verifier => WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))))
            .ShouldBe(requests.Select(request => request["code_challenge"]));
    }

    [Fact]
    [Trait("Check", "C03")]
    public async Task Callback_InAnotherBrowser_Fails()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();
        using var other = party.NewBrowser();

        var callback = await CallbackOf(browser);

        await ShouldFail(other, callback, "Correlation");
    }

    [Fact]
    [Trait("Check", "C04")]
    public async Task Callback_ChangedState_Fails()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();

        var callback = await CallbackOf(browser);

        await ShouldFail(browser, callback.Replace("state=", "state=x", StringComparison.Ordinal), "state");
    }

    [Fact]
    [Trait("Check", "C04")]
    public async Task Callback_Replayed_Fails()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();
        var callback = await CallbackOf(browser);
        (await browser.GetAsync(callback)).StatusCode.ShouldBe(HttpStatusCode.Redirect);

        await ShouldFail(browser, callback, "Correlation", signedIn: true);
        _provider.Redemptions.Count.ShouldBe(1);
    }

    public static TheoryData<string, Action<FakeProvider>, string> BadIdTokens =>
        new()
        {
            {
                "nonce without a time",
                provider => provider.IdToken = claims => claims["nonce"] = "another",
                "another sign-in"
            },
            {
                "nonce that this browser never had",
                provider => provider.IdToken = claims => claims["nonce"] = Changed((string)claims["nonce"]),
                "another sign-in"
            },
            { "no nonce", provider => provider.IdToken = claims => claims.Remove("nonce"), "another sign-in" },
            { "issuer", provider => provider.IdToken = claims => claims["iss"] = "https://evil.example", "IDX10205" },
            { "audience", provider => provider.IdToken = claims => claims["aud"] = "another-client", "IDX10214" },
            {
                "expired",
                provider =>
                    provider.IdToken = claims => claims["exp"] = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds(),
                "IDX10223"
            },
            {
                "access token swapped",
                provider => provider.IdToken = claims => claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA",
                "IDX213"
            },
            { "azp", provider => provider.IdToken = claims => claims["azp"] = "another-client", "another party" },
            { "alg none", provider => provider.WithoutSignature = true, "not signed" },
            { "alg none, no at_hash", Unsigned, "not signed" },
        };

    [Theory]
    [MemberData(nameof(BadIdTokens), DisableDiscoveryEnumeration = true)]
    [Trait("Check", "C05")]
    [Trait("Check", "C08")]
    public async Task Callback_BadIdToken_Fails(string name, Action<FakeProvider> change, string reason)
    {
        change(_provider);
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();

        var callback = await CallbackOf(browser);

        await ShouldFail(browser, callback, reason, because: name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Check", "C05")]
    public async Task Callback_NonceOfAnotherTransaction_Fails(bool sameBrowser)
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();
        using var other = party.NewBrowser();
        await CallbackOf(sameBrowser ? browser : other);
        var nonce = _provider.PushedRequests.Last()["nonce"];
        var callback = await CallbackOf(browser);
        _provider.PushedRequests.Last()["nonce"].ShouldNotBe(nonce);
        _provider.IdToken = claims => claims["nonce"] = nonce;

        await ShouldFail(browser, callback, "another sign-in");
    }

    [Fact]
    [Trait("Check", "C05")]
    public async Task Callback_WithoutItsNonceCookie_Fails()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();
        var callback = await CallbackOf(browser);

        browser
            .Cookies.Where(cookie => cookie.Name.Contains("Nonce", StringComparison.Ordinal))
            .ShouldHaveSingleItem()
            .Expired = true;

        await ShouldFail(browser, callback, "IDX21323");
    }

    [Fact]
    [Trait("Check", "C13")]
    public async Task Challenge_RequestUri_IsUsedOnce()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();

        for (var round = 0; round < 3; round++)
            await browser.FollowAsync("/login");

        _provider.PushedRequests.Count.ShouldBe(3);
        _provider.AuthorizationRequests.Select(request => request["request_uri"]).Distinct().Count().ShouldBe(3);
    }

    [Fact]
    [Trait("Check", "C01")]
    public async Task Callback_WrongClientSecret_Fails()
    {
        _provider.OffersPar = false;
        await using var party = await RelyingParty.StartAsync(_provider, options => options.ClientSecret = "wrong");
        using var browser = party.NewBrowser();

        await ShouldFail(browser, await CallbackOf(browser), "invalid_client");
    }

    public static TheoryData<string, Action<OpenIdConnectOptions>> OtherFlows =>
        new()
        {
            { "hybrid", options => options.ResponseType = "code id_token" },
            { "implicit", options => options.ResponseType = "id_token" },
            { "implicit with an access token", options => options.ResponseType = "id_token token" },
            { "form post", options => options.ResponseMode = "form_post" },
            { "no PKCE", options => options.UsePkce = false },
        };

    [Theory]
    [MemberData(nameof(OtherFlows), DisableDiscoveryEnumeration = true)]
    [Trait("Check", "C02")]
    public async Task Options_OfAnotherFlow_AreRefused(string flow, Action<OpenIdConnectOptions> configure)
    {
        await using var party = await RelyingParty.StartAsync(_provider, configure);
        using var browser = party.NewBrowser();

        var refusal = await Should.ThrowAsync<OptionsValidationException>(() => browser.GetAsync("/login"));

        refusal.Message.ShouldContain("ResponseType", customMessage: flow);
    }

    [Fact]
    [Trait("Check", "C02")]
    public async Task Callback_TokenInAForm_Fails()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();
        var callback = new Uri(await CallbackOf(browser));
        var nonce = _provider.PushedRequests.Last()["nonce"];
        using var form = new FormUrlEncodedContent(
            new Dictionary<string, string>
            {
                ["state"] = QueryHelpers.ParseQuery(callback.Query)["state"].ToString(),
                ["iss"] = _provider.Issuer,
                ["id_token"] = _provider.NewIdToken(nonce),
            }
        );

        var answer = await browser.SendAsync(HttpMethod.Post, callback.AbsolutePath, form);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await TextOf(answer)).ShouldContain("has a token");
        (await TextOf(await browser.GetAsync("/me"))).ShouldBe("anonymous");
    }

    [Fact]
    public async Task SignOut_AtTheProvider_ReturnsToTheRequestedPage()
    {
        await using var party = await RelyingParty.StartAsync(_provider);
        using var browser = party.NewBrowser();
        await browser.FollowAsync("/login");

        var answer = await browser.GetAsync("/logout");

        var target = answer.Headers.Location!.ToString();
        target.ShouldStartWith(_provider.Issuer + "/endsession?");
        var query = QueryHelpers.ParseQuery(new Uri(target).Query);
        query["post_logout_redirect_uri"].ToString().ShouldBe("https://app.test/signout-callback-oidc");
        var back = await browser.GetAsync(
            $"/signout-callback-oidc?state={Uri.EscapeDataString(query["state"].ToString())}"
        );
        back.Headers.Location!.ToString().ShouldBe("/bye");
        (await TextOf(await browser.GetAsync("/me"))).ShouldBe("anonymous");
    }

    /// <summary>Without at_hash the handler itself accepts an unsigned token.</summary>
    static void Unsigned(FakeProvider provider)
    {
        provider.WithoutSignature = true;
        provider.IdToken = claims => claims.Remove("at_hash");
    }

    /// <summary>A nonce in the handler's format, with the same time: "ticks.base64".</summary>
    static string Changed(string nonce) => $"{nonce.Split('.')[0]}.{Convert.ToBase64String(new byte[48])}";

    /// <summary>Starts a sign-in and returns the provider's callback URL.</summary>
    static async Task<string> CallbackOf(Browser browser)
    {
        var challenge = await browser.GetAsync("/login");
        var answer = await browser.GetAsync(challenge.Headers.Location!.ToString());
        return answer.Headers.Location!.ToString();
    }

    static async Task ShouldFail(
        Browser browser,
        string callback,
        string reason,
        bool signedIn = false,
        string? because = null
    )
    {
        var answer = await browser.GetAsync(callback);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, because);
        (await TextOf(answer)).ShouldContain(reason, customMessage: because);
        (await TextOf(await browser.GetAsync("/me")))
            .StartsWith("anonymous", StringComparison.Ordinal)
            .ShouldBe(!signedIn, because);
    }

    static Task<string> TextOf(HttpResponseMessage response) =>
        response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
}
