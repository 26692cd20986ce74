using System.Net;
using Lightning.Data.Sessions;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Bff.Tests;

/// <summary>An external provider that supports less than most.</summary>
public sealed class ExternalProviderTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);
    Uri replica = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        replica = bff.Start(("Oidc:Foreign", "true"));
    }

    public ValueTask DisposeAsync() => bff.DisposeAsync();

    async Task<(HttpStatusCode Status, Browser Browser)> SignInAsync(
        string login = "/bff/login",
        Browser? browser = null
    )
    {
        browser ??= bff.NewBrowser(replica);
        var challenge = await browser.GetAsync(login);
        var answer = await browser.GetAsync(challenge.Headers.Location!.ToString());
        return ((await browser.GetAsync(answer.Headers.Location!.ToString())).StatusCode, browser);
    }

    [Theory]
    [InlineData("Ada \u202Enimda", "Ada nimda")]
    [InlineData("Ada\r\nAdmin", "Ada Admin")]
    [InlineData("\u200B\u3164", "")]
    public async Task SignIn_NameThatDeceives_IsCleaned(string name, string clean)
    {
        bff.Provider.Subject = Guid.NewGuid();
        var claims = bff.Provider.IdToken;
        bff.Provider.IdToken = token =>
        {
            claims(token);
            token["name"] = name;
        };

        (await SignInAsync()).Status.ShouldBe(HttpStatusCode.OK);

        await using var db = bff.Database.Connect();
        var subject = bff.Provider.Subject.ToString();
        (await db.Users.SingleAsync(user => user.Subject == subject, Cancellation)).Name.ShouldBe(clean);
    }

    static async Task<HttpStatusCode> StatusOfAsync(Browser browser) =>
        (await browser.FetchAsync(HttpMethod.Get, "/bff/user?slide=false")).StatusCode;

    async Task<Session[]> SessionsAsync()
    {
        await using var db = bff.Database.Connect();
        return await db
            .Sessions.Include(session => session.User)
            .OrderBy(session => session.Id)
            .ToArrayAsync(Cancellation);
    }

    async Task<HttpStatusCode> LogoutAsync(
        Action<Microsoft.IdentityModel.Tokens.SecurityTokenDescriptor>? change = null,
        Uri? address = null
    )
    {
        using var client = new HttpClient { BaseAddress = address ?? replica };
        using var form = new FormUrlEncodedContent([
            KeyValuePair.Create("logout_token", bff.Provider.LogoutToken(bff.Clock.GetUtcNow(), change)),
        ]);
        return (await client.PostAsync("/bff/backchannel", form, Cancellation)).StatusCode;
    }

    [Fact]
    public async Task SignIn_IdTokenWithoutSid_CreatesASession_ThatTheNextOneEnds()
    {
        bff.Provider.IdToken = claims => claims.Remove("sid");
        var (_, browser) = await SignInAsync();
        (await StatusOfAsync(browser)).ShouldBe(HttpStatusCode.OK);

        await SignInAsync(browser: browser);

        (await StatusOfAsync(browser)).ShouldBe(HttpStatusCode.OK);
        var sessions = await SessionsAsync();
        sessions
            .Select(session => (session.ForeignSid, session.EndReason))
            .ShouldBe([(null, "replaced"), (null, null)], ignoreOrder: true);
    }

    [Fact]
    public async Task SignIn_TwiceInAProviderSession_IsOneSessionWithTwoCookies()
    {
        var (_, here) = await SignInAsync();
        var (_, there) = await SignInAsync();

        (await SessionsAsync()).ShouldHaveSingleItem().ForeignSid.ShouldBe(bff.Provider.Sid.ToString());
        (await StatusOfAsync(here)).ShouldBe(HttpStatusCode.OK);
        (await LogoutAsync()).ShouldBe(HttpStatusCode.OK);
        (await StatusOfAsync(here)).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusOfAsync(there)).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    [Trait("Check", "C09")]
    public async Task SignIn_SessionOfAnotherUser_IsRefused()
    {
        await SignInAsync();
        bff.Provider.Subject = Guid.NewGuid();

        (await SignInAsync()).Status.ShouldBe(HttpStatusCode.Forbidden);

        (await SessionsAsync()).ShouldHaveSingleItem();
    }

    [Fact]
    [Trait("Check", "C09")]
    public async Task SignIn_SameEmailAndSubjectOfAnotherIssuer_IsAnotherUser()
    {
        await using var db = bff.Database.Connect();
        var namesake = await db.AddUserAsync("ada");
        await bff.Database.ExecuteAsync(
            $"""
            UPDATE app.users SET subject = '{bff.Provider.Subject}', is_admin = true, email = 'ada@example.org'
                WHERE id = '{namesake.Id}'
            """
        );

        var (_, browser) = await SignInAsync();

        var session = (await SessionsAsync()).ShouldHaveSingleItem();
        session.UserId.ShouldNotBe(namesake.Id);
        session.User!.IsAdmin.ShouldBeFalse();
        (await StatusOfAsync(browser)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Check", "C09")]
    public async Task SignIn_AccountOfLightningIdentity_IsNeverUsed()
    {
        var (user, _) = await bff.AddPersonAsync();
        await bff.Database.ExecuteAsync(
            $"""
            INSERT INTO identity.accounts (id, name, created_at, email_confirmed, phone_number_confirmed,
                two_factor_enabled, lockout_enabled, access_failed_count)
            VALUES ('{user.Id}', 'ada', now(), true, false, false, true, 0)
            """
        );

        (await SignInAsync()).Status.ShouldBe(HttpStatusCode.Forbidden);

        (await bff.Database.ExecuteAsync($"SELECT email FROM app.users WHERE id = '{user.Id}'")).ShouldBe(
            "ada@example.com"
        );
    }

    [Theory]
    [InlineData("email")]
    [InlineData("sub")]
    public async Task SignIn_IdTokenWithoutARequiredClaim_IsRefused(string claim)
    {
        bff.Provider.IdToken = claims => claims.Remove(claim);

        (await SignInAsync()).Status.ShouldNotBe(HttpStatusCode.OK);

        (await bff.Database.ExecuteAsync("SELECT count(*) FROM app.users")).ShouldBe(0L);
    }

    [Theory]
    [InlineData("/bff/login", false)]
    [InlineData("/bff/login?prompt=login", true)]
    public async Task SignIn_WithoutAuthTime_IsRecentOnlyAfterPromptLogin(string login, bool isFresh)
    {
        bff.Provider.IdToken = claims => claims.Remove("auth_time");

        await SignInAsync(login);

        (DateTimeOffset.UtcNow - (await SessionsAsync()).Single().AuthTime < TimeSpan.FromMinutes(5)).ShouldBe(isFresh);
    }

    [Fact]
    [Trait("Check", "L03")]
    public async Task Logout_BeforeItsSignIn_RefusesTheSignIn()
    {
        using var browser = bff.NewBrowser(replica);
        var challenge = await browser.GetAsync("/bff/login");
        var callback = (await browser.GetAsync(challenge.Headers.Location!.ToString())).Headers.Location!.ToString();

        (await LogoutAsync()).ShouldBe(HttpStatusCode.OK);

        (await browser.GetAsync(callback)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await StatusOfAsync(browser)).ShouldBe(HttpStatusCode.Unauthorized);
        bff.Provider.Sid = Guid.NewGuid();
        (await SignInAsync()).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(true, false, true)]
    [InlineData("true", false, false)]
    [InlineData("true", true, true)]
    [InlineData("false", true, false)]
    [Trait("Check", "U15")]
    public async Task SignIn_EmailVerifiedAsString_CountsOnlyIfAccepted(object verified, bool accepts, bool counts)
    {
        if (accepts)
            replica = bff.Start(("Oidc:Foreign", "true"), ("Oidc:AcceptEmailVerifiedAsString", "true"));
        bff.Provider.IdToken = claims => claims["email_verified"] = verified;

        await SignInAsync();

        (await SessionsAsync()).ShouldHaveSingleItem().User!.EmailVerified.ShouldBe(counts);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("JWT", true)]
    [InlineData("logout+jwt", true)]
    [InlineData("at+jwt", false)]
    [Trait("Check", "L06")]
    public async Task Logout_UntypedTokensAccepted_OtherTypesAreRefused(string? type, bool isTaken)
    {
        var lenient = bff.Start(("Oidc:Foreign", "true"), ("Oidc:AcceptUntypedLogoutTokens", "true"));
        void Retype(Microsoft.IdentityModel.Tokens.SecurityTokenDescriptor token) => token.TokenType = type;

        (await LogoutAsync(Retype, lenient)).ShouldBe(isTaken ? HttpStatusCode.OK : HttpStatusCode.BadRequest);
        // Without the option only logout+jwt is accepted.
        (await LogoutAsync(Retype)).ShouldBe(type == "logout+jwt" ? HttpStatusCode.OK : HttpStatusCode.BadRequest);
    }

    [Fact]
    [Trait("Check", "C12")]
    public async Task Login_PushedRequestsRequiredButNotSupported_DoesNotRedirect()
    {
        bff.Provider.OffersPar = false;
        using var lax = bff.NewBrowser(replica);
        (await lax.GetAsync("/bff/login")).StatusCode.ShouldBe(HttpStatusCode.Redirect);

        using var strict = bff.NewBrowser(bff.Start(("Oidc:RequirePushedAuthorization", "true")));
        (await strict.GetAsync("/bff/login")).StatusCode.ShouldNotBe(HttpStatusCode.Redirect);
    }

    [Fact]
    public async Task Login_PromptCreate_IsSentOnlyIfSupported()
    {
        using var browser = bff.NewBrowser(replica);
        await browser.GetAsync("/bff/login?prompt=create");
        bff.Provider.PushedRequests.Last().ShouldNotContainKey("prompt");

        using var own = bff.NewBrowser();
        await own.GetAsync("/bff/login?prompt=create");
        bff.Provider.PushedRequests.Last()["prompt"].ShouldBe("create");
    }

    [Theory]
    [InlineData("Oidc:AcceptUntypedLogoutTokens", "true", "Oidc:AcceptUntypedLogoutTokens is for an external provider")]
    [InlineData(
        "Oidc:AcceptEmailVerifiedAsString",
        "true",
        "Oidc:AcceptEmailVerifiedAsString is for an external provider"
    )]
    [InlineData(
        "Oidc:AuthorizationParameters:code_challenge",
        "x",
        "Oidc:AuthorizationParameters:code_challenge is set by the application"
    )]
    [InlineData(
        "Oidc:AuthorizationParameters:response_type",
        "token",
        "Oidc:AuthorizationParameters:response_type is set by the application"
    )]
    [Trait("Check", "C02")]
    public void Start_UnsafeSetting_FailsWithASentence(string key, string value, string expected) =>
        Should
            .Throw<OptionsValidationException>(() => bff.Start((key, value)))
            .Failures.First()
            .ShouldStartWith(expected);
}
