using System.Net;
using Lightning.Testing;

namespace Lightning.Bff.Tests;

public class SignInTests(BffUnderTest bff) : IClassFixture<BffUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts a sign-in and returns the provider's callback URL.</summary>
    static async Task<string> CallbackAsync(Browser browser, string login = "/bff/login")
    {
        var challenge = await browser.GetAsync(login);
        var answer = await browser.GetAsync(challenge.Headers.Location!.ToString());
        return answer.Headers.Location!.ToString();
    }

    [Fact]
    [Trait("Check", "B01")]
    [Trait("Check", "B03")]
    [Trait("Check", "B04")]
    public async Task SignIn_LandsOnAPageOfThisSite_WithAStrictHostCookie()
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var challenge = await browser.GetAsync("/bff/login?returnUrl=/notes");
        var transient = challenge.Headers.GetValues("Set-Cookie").ToArray();
        var callback = (await browser.GetAsync(challenge.Headers.Location!.ToString())).Headers.Location!.ToString();

        var landing = await browser.GetAsync(callback);

        landing.StatusCode.ShouldBe(HttpStatusCode.OK);
        landing.Headers.GetValues("Refresh").ShouldBe(["0;url=/notes"]);
        landing.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var session = landing
            .Headers.GetValues("Set-Cookie")
            .Single(cookie => cookie.StartsWith($"{BffUnderTest.SessionCookie}=", StringComparison.Ordinal));
        session.ShouldMatch("^__Host-lightning=[A-Za-z0-9_-]{43}; path=/; secure; samesite=strict; httponly$");
        transient.Length.ShouldBe(2);
        transient.ShouldAllBe(cookie =>
            cookie.StartsWith("__Host-lightning-", StringComparison.Ordinal)
            && cookie.Contains("; path=/; secure; samesite=lax; httponly")
        );
        transient.ShouldAllBe(cookie => cookie.Split(';', 2)[0].Length < 4096);
        browser.Cookies.ShouldHaveSingleItem().Name.ShouldBe(BffUnderTest.SessionCookie);
    }

    [Fact]
    [Trait("Check", "B05")]
    public async Task Cookies_WithTheLongestReturnUrlAndClaims_FitBrowserLimits()
    {
        await bff.AddPersonAsync();
        var before = bff.Provider.IdToken;
        bff.Provider.IdToken = claims =>
        {
            claims["name"] = new string('\u00e9', 5_000);
            claims["amr"] = Enumerable.Range(0, 500).Select(number => $"method-{number}").ToArray();
            claims["groups"] = Enumerable.Range(0, 2_000).Select(number => $"group-{number}").ToArray();
        };

        try
        {
            using var browser = bff.NewBrowser();
            var cookies = new List<string>();
            // The longest valid returnUrl.
            var uri = $"/bff/login?returnUrl=/{new string('x', 1_990)}";

            for (var hop = 0; hop < 3; hop++)
            {
                using var answer = await browser.GetAsync(uri);
                if (answer.Headers.TryGetValues("Set-Cookie", out var set))
                    cookies.AddRange(set);
                if (answer.Headers.Location is { } location)
                    uri = location.ToString();
            }

            browser.Cookie(BffUnderTest.SessionCookie).ShouldNotBeNull("the sign-in did not work");
            cookies.Count.ShouldBeGreaterThanOrEqualTo(3);
            cookies.ShouldAllBe(cookie => cookie.Split(';', 2)[0].Length - 1 <= 4096);
        }
        finally
        {
            bff.Provider.IdToken = before;
        }
    }

    [Fact]
    [Trait("Check", "T08")]
    public async Task Login_RequestsTheScopesOfTheApiOnly()
    {
        using var browser = bff.NewBrowser();
        await browser.GetAsync("/bff/login");

        bff.Provider.PushedRequests.Last()["scope"].ShouldBe("openid profile email offline_access lightning");
    }

    [Fact]
    [Trait("Check", "B06")]
    [Trait("Check", "T05")]
    public async Task SignIn_Database_HasNoCookieOrTokenInClear()
    {
        using var ada = await bff.SignInAsync();

        var rows = (string)
            (
                await bff.Database.ExecuteAsync(
                    """
                    SELECT string_agg(web::text || encode(ticket, 'escape') || encode(tokens, 'escape') ||
                        encode(id_hash, 'base64'), '|') FROM web.sessions AS web
                    """
                )
            )!;

        rows.ShouldNotContain(ada.Browser.Cookie(BffUnderTest.SessionCookie)!);
        rows.ShouldNotContain("canary");
        // A whole JWT header: three letters occur in ciphertext by chance.
        rows.ShouldNotMatch(@"eyJ[A-Za-z0-9_-]{8,}\.");
    }

    [Fact]
    [Trait("Check", "B06")]
    public async Task SignIn_CookieValues_NeverRepeat()
    {
        using var ada = await bff.SignInAsync();
        var values = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 20; i++)
        {
            await BffUnderTest.SignInAsync(ada.Browser);
            values.Add(ada.Browser.Cookie(BffUnderTest.SessionCookie)!);
        }

        values.Count.ShouldBe(20);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Check", "B07")]
    public async Task SignIn_Again_IssuesANewCookie_AndInvalidatesTheOld(bool cookieComesBackWithTheCallback)
    {
        using var ada = await bff.SignInAsync();
        var old = ada.Browser.Cookie(BffUnderTest.SessionCookie)!;
        var callback = await CallbackAsync(ada.Browser, "/bff/login?prompt=login");
        // A callback from another site has no Strict cookie.
        if (!cookieComesBackWithTheCallback)
            ada.Browser.SetCookie(BffUnderTest.SessionCookie, "");

        await ada.Browser.GetAsync(callback);

        var renewed = ada.Browser.Cookie(BffUnderTest.SessionCookie)!;
        renewed.ShouldNotBe(old);
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
        using var thief = bff.NewBrowser();
        thief.SetCookie(BffUnderTest.SessionCookie, old);
        (await thief.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        bff.Provider.PushedRequests.Last()["prompt"].ShouldBe("login");
    }

    [Fact]
    [Trait("Check", "B08")]
    public async Task SignIn_PlantedCookie_IsNotUsed()
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var planted = new string('A', 43);
        browser.SetCookie(BffUnderTest.SessionCookie, planted);

        await BffUnderTest.SignInAsync(browser);

        browser.Cookie(BffUnderTest.SessionCookie).ShouldNotBe(planted);
        using var thief = bff.NewBrowser();
        thief.SetCookie(BffUnderTest.SessionCookie, planted);
        (await thief.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\/evil.example")]
    [InlineData("https:evil.example")]
    [InlineData("https://evil.example/")]
    [InlineData("/..//evil.example")]
    [InlineData("/%2fevil.example")]
    [InlineData("/%5cevil.example")]
    [InlineData("%2f%2fevil.example")]
    [InlineData("/\t/evil.example")]
    [InlineData("/a\r\nSet-Cookie:x=y")]
    [InlineData("javascript:alert(1)")]
    [InlineData("")]
    [InlineData("notes")]
    [Trait("Check", "B21")]
    public async Task Login_ForeignReturnUrl_Is400(string returnUrl)
    {
        using var browser = bff.NewBrowser();
        var answer = await browser.GetAsync($"/bff/login?returnUrl={Uri.EscapeDataString(returnUrl)}");

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("/problems/return-url-not-local");
    }

    [Theory]
    [InlineData("/notes?tag=a%20b#top", "/notes?tag=a%20b#top")]
    [InlineData("/notes/ä", "/notes/%C3%A4")]
    [InlineData("/a/../b", "/b")]
    [Trait("Check", "B21")]
    public async Task Login_LocalReturnUrl_IsTheLandingPage(string returnUrl, string landsAt)
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var landing = await browser.GetAsync(
            await CallbackAsync(browser, $"/bff/login?returnUrl={Uri.EscapeDataString(returnUrl)}")
        );

        landing.Headers.GetValues("Refresh").ShouldBe([$"0;url={landsAt}"]);
    }

    [Fact]
    [Trait("Check", "C12")]
    public async Task Login_PushedRequest_BrowserCarriesOnlyTheReference()
    {
        using var browser = bff.NewBrowser();
        var challenge = await browser.GetAsync("/bff/login");

        challenge.Headers.Location!.Query.ShouldMatch(@"^\?client_id=[^&]+&request_uri=[^&]+$");
        bff.Provider.PushedRequests.Last()["code_challenge_method"].ShouldBe("S256");
        bff.Provider.PushedRequests.Last()["scope"]
            .Split(' ')
            .ShouldBe(["openid", "profile", "email", "offline_access", "lightning"], ignoreOrder: true);
    }

    [Fact]
    [Trait("Check", "C04")]
    public async Task Callback_Replayed_IsRefused_AndKeepsTheSession()
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var callback = await CallbackAsync(browser);
        await browser.GetAsync(callback);

        var again = await browser.GetAsync(callback, ("Accept", "text/html"));

        again.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await again.Content.ReadAsStringAsync(Cancellation)).ShouldContain("Try again");
        (await browser.FetchAsync(HttpMethod.Get, "/bff/user")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "B14")]
    public async Task Callback_SessionAlreadyEnded_SetsNoCookie()
    {
        var (_, session) = await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();
        var callback = await CallbackAsync(browser);
        await bff.Database.ExecuteAsync($"SELECT identity.end_session('{session.Id}', 'test')");

        var answer = await browser.GetAsync(callback);

        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        browser.Cookies.ShouldBeEmpty();
    }

    [Fact]
    [Trait("Check", "C09")]
    public async Task Callback_UnknownSubject_SetsNoCookie()
    {
        await bff.AddPersonAsync();
        bff.Provider.Subject = Guid.NewGuid();
        using var browser = bff.NewBrowser();

        (await browser.GetAsync(await CallbackAsync(browser))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        browser.Cookies.ShouldBeEmpty();
    }

    [Fact]
    public async Task Login_UnknownPrompt_Is400()
    {
        using var browser = bff.NewBrowser();

        (await browser.GetAsync("/bff/login?prompt=none")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }
}

/// <summary>Invalid provider responses. Each test has its own provider.</summary>
public sealed class ProviderFaultTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => bff.InitializeAsync();

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    public static TheoryData<string, Action<FakeProvider>, HttpStatusCode, string> InvalidResponses =>
        new()
        {
            {
                "C06 answers as another issuer",
                provider => provider.ResponseIssuer = "https://evil.example",
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C06 leaves its name out",
                provider => provider.ResponseIssuer = null,
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 does not sign the ID token",
                provider => provider.WithoutSignature = true,
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 signs with another key under the same name",
                provider => provider.Signer = provider.ForgedKey,
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 signs with HS256 and the public key",
                provider => provider.Signer = provider.PublicKeyAsSecret,
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 lets the ID token have ended",
                provider =>
                    provider.IdToken = claims =>
                        claims["exp"] = DateTimeOffset.UtcNow.AddMinutes(-2).ToUnixTimeSeconds(),
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 leaves exp out",
                provider => provider.IdToken = claims => claims.Remove("exp"),
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 leaves iat out",
                provider => provider.IdToken = claims => claims.Remove("iat"),
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 was made for another party among several",
                provider =>
                    provider.IdToken = claims =>
                        (claims["aud"], claims["azp"]) = (new[] { FakeProvider.ClientId, "another" }, "another"),
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 names several audiences and no party",
                provider => provider.IdToken = claims => claims["aud"] = new[] { FakeProvider.ClientId, "another" },
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C05 leaves the nonce out",
                provider => provider.IdToken = claims => claims.Remove("nonce"),
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 names another issuer in the ID token",
                provider => provider.IdToken = claims => claims["iss"] = provider.Issuer + "/",
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C08 names another audience",
                provider => provider.IdToken = claims => claims["aud"] = "another",
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C05 repeats a nonce without a time",
                provider => provider.IdToken = claims => claims["nonce"] = "another",
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "C05 repeats another nonce of the same form",
                provider =>
                    provider.IdToken = claims =>
                        claims["nonce"] =
                            $"{((string)claims["nonce"]).Split('.')[0]}.{Convert.ToBase64String(new byte[48])}",
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
            {
                "names no session",
                provider => provider.IdToken = claims => claims.Remove("sid"),
                HttpStatusCode.Forbidden,
                "sign-in-refused"
            },
            {
                "was cancelled",
                provider => provider.AuthorizationError = "access_denied",
                HttpStatusCode.Forbidden,
                "access-denied"
            },
            {
                "fails",
                provider => provider.AuthorizationError = "server_error",
                HttpStatusCode.BadRequest,
                "sign-in-failed"
            },
        };

    [Theory]
    [MemberData(nameof(InvalidResponses), DisableDiscoveryEnumeration = true)]
    [Trait("Check", "C05")]
    [Trait("Check", "C06")]
    [Trait("Check", "C08")]
    public async Task SignIn_InvalidProviderResponse_IsAProblem_WithoutASession(
        string name,
        Action<FakeProvider> change,
        HttpStatusCode status,
        string problem
    )
    {
        await bff.AddPersonAsync();
        change(bff.Provider);
        using var browser = bff.NewBrowser();

        using var answer = await browser.FollowAsync("/bff/login");

        answer.StatusCode.ShouldBe(status, name);
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain(problem);
        browser.Cookie(BffUnderTest.SessionCookie).ShouldBeNull(name);
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM web.sessions")).ShouldBe(0L, name);
    }

    /// <summary>The user has a session at the provider, but did not ask to sign in here.</summary>
    [Theory]
    [InlineData("/")]
    [InlineData("/notes")]
    [InlineData("/bff/user")]
    [InlineData("/api/v1/notes")]
    [InlineData("/bff/sessions")]
    [Trait("Check", "C10")]
    public async Task Page_OpenedWithoutSignIn_StartsNoSession(string path)
    {
        await bff.AddPersonAsync();
        using var browser = bff.NewBrowser();

        foreach (var accept in new[] { "text/html,application/xhtml+xml,*/*;q=0.8", "application/json" })
            using (var answer = await browser.GetAsync(path, ("Accept", accept), ("X-CSRF", "1")))
                ((int)answer.StatusCode).ShouldNotBeInRange(300, 399);

        bff.Provider.PushedRequests.ShouldBeEmpty();
        bff.Provider.AuthorizationRequests.ShouldBeEmpty();
        browser.Cookies.ShouldBeEmpty();
        (await bff.Database.ExecuteAsync("SELECT count(*) FROM web.sessions")).ShouldBe(0L);
        // The same browser signs in as soon as the user asks for it.
        await BffUnderTest.SignInAsync(browser);
    }

    [Fact]
    [Trait("Check", "C07")]
    public async Task Login_MetadataOfAnotherIssuer_Is503_AndDoesNotRedirect()
    {
        bff.Provider.MetadataIssuer = bff.Provider.Issuer + "/";
        using var browser = bff.NewBrowser();

        (await browser.GetAsync("/bff/login")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bff.Provider.PushedRequests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Login_ProviderDown_Is503WithAnExplanation()
    {
        await bff.Provider.DisposeAsync();
        using var browser = bff.NewBrowser();
        var answer = await browser.GetAsync("/bff/login", ("Accept", "text/html"));

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.ShouldNotBeNull();
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("does not answer");
    }

    [Fact]
    public async Task Login_ProxyAnswersThePushedRequest_Is503WithAnExplanation()
    {
        using var browser = bff.NewBrowser();
        (await browser.GetAsync("/bff/login")).StatusCode.ShouldBe(HttpStatusCode.Redirect);
        bff.Provider.IsAway = true;

        using var answer = await browser.GetAsync("/bff/login", ("Accept", "text/html"));

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter.ShouldNotBeNull();
        (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldContain("does not answer");
    }

    [Fact]
    [Trait("Check", "B14")]
    public async Task Callback_RowCannotBeWritten_SetsNoCookie()
    {
        await bff.AddPersonAsync();
        await bff.Database.ExecuteAsync("REVOKE INSERT ON web.sessions FROM lightning_bff");
        using var browser = bff.NewBrowser();

        using var answer = await browser.FollowAsync("/bff/login");

        answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        browser.Cookie(BffUnderTest.SessionCookie).ShouldBeNull();
    }
}
