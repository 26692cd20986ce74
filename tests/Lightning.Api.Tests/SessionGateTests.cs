using System.Net;
using System.Security.Cryptography;
using System.Text;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Api.Tests;

public class SessionGateTests(ApiUnderTest api, PostgresServer server) : IClassFixture<ApiUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static readonly Dictionary<string, Action<SecurityTokenDescriptor>> InvalidTokens = new()
    {
        ["R01 unsigned"] = token => token.SigningCredentials = null,
        ["R01 HS256 with the public key"] = token =>
            token.SigningCredentials = new SigningCredentials(
                new SymmetricSecurityKey(
                    Encoding.UTF8.GetBytes(Convert.ToBase64String(ApiUnderTest.Key.ECDsa.ExportSubjectPublicKeyInfo()))
                )
                {
                    KeyId = "test",
                },
                SecurityAlgorithms.HmacSha256
            ),
        ["R01 another key under the same kid"] = token =>
            token.SigningCredentials = new SigningCredentials(
                new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "test" },
                SecurityAlgorithms.EcdsaSha256
            ),
        ["R02 ended a minute ago"] = token => SetTimes(token, -360, -60),
        ["R02 ended before the clock skew"] = token => SetTimes(token, -331, -31),
        ["R02 not yet valid"] = token => SetTimes(token, 60, 360),
        ["R02 not yet valid, after the clock skew"] = token => SetTimes(token, 35, 335),
        ["R02 never ends"] = token => token.Expires = null,
        ["R03 for another API"] = token => token.Audience = "another-api",
        ["R04 an ID token"] = token => token.TokenType = "JWT",
        ["R04 a logout token"] = token => token.TokenType = "logout+jwt",
        ["R05 issuer with a slash more"] = token => token.Issuer = People.Issuer + "/",
        ["R07 another's subject"] = token => token.Claims["sub"] = Guid.NewGuid().ToString(),
        ["R08 no such session"] = token => token.Claims["sid"] = Guid.NewGuid().ToString(),
        ["R08 no session"] = token => token.Claims.Remove("sid"),
        ["R13 bound to a DPoP key"] = token => BindTo(token, "jkt"),
        ["R13 bound to a client certificate"] = token => BindTo(token, "x5t#S256"),
        ["R10 a service's own"] = token =>
        {
            token.Claims.Remove("sid");
            token.Claims["sub"] = token.Claims["client_id"] = "lightning-bff";
        },
    };

    public static TheoryData<string> InvalidTokenNames => [.. InvalidTokens.Keys];

    [Fact]
    public async Task Valid_token_is_accepted()
    {
        var ada = await api.SignInAsync("ada");
        (await ada.Client.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [MemberData(nameof(InvalidTokenNames))]
    [Trait("Check", "R01")]
    [Trait("Check", "R02")]
    [Trait("Check", "R03")]
    [Trait("Check", "R04")]
    [Trait("Check", "R05")]
    [Trait("Check", "R07")]
    [Trait("Check", "R10")]
    [Trait("Check", "R13")]
    public async Task Invalid_token_is_401_without_echo(string change)
    {
        var ada = await api.SignInAsync("ada");
        var token = ApiUnderTest.Token(ada.User, ada.Session, InvalidTokens[change]);
        var response = await api.With(token).GetAsync("/api/v1/notes", Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        response.Headers.WwwAuthenticate.ToString().ShouldStartWith("Bearer error=\"invalid_token\"");
        response.Headers.WwwAuthenticate.ToString().ShouldNotContain(token);
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldNotContain(token);
    }

    [Fact]
    [Trait("Check", "R02")]
    public async Task Accepted_token_is_refused_once_it_has_ended()
    {
        var ada = await api.SignInAsync("ada");
        // It ended less than the clock skew of 30 seconds ago.
        var client = api.With(ApiUnderTest.Token(ada.User, ada.Session, token => SetTimes(token, -300, -25)));
        (await client.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);

        await Wait.UntilAsync(
            async () =>
                (await client.GetAsync("/api/v1/notes", Cancellation)).StatusCode == HttpStatusCode.Unauthorized,
            TimeSpan.FromSeconds(15)
        );
    }

    static void BindTo(SecurityTokenDescriptor token, string member) =>
        token.Claims["cnf"] = new Dictionary<string, object>
        {
            [member] = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        };

    /// <summary>Sets the times of a token, in seconds from now; it is issued when it becomes valid.</summary>
    static void SetTimes(SecurityTokenDescriptor token, int begins, int ends)
    {
        var now = DateTime.UtcNow;
        token.IssuedAt = token.NotBefore = now.AddSeconds(begins);
        token.Expires = now.AddSeconds(ends);
    }

    [Fact]
    [Trait("Check", "R08")]
    public async Task Ended_session_is_401()
    {
        var ada = await api.SignInAsync("ada");
        (await ada.Client.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await api.Database.ExecuteAsync($"SELECT identity.end_session('{ada.Session.Id}', 'test')");
        await IsRefusedAsync(ada);
    }

    [Theory]
    [InlineData("UPDATE app.users SET disabled_at = now() WHERE id = '{0}'")]
    [InlineData("SELECT identity.end_user_sessions('{0}', 'test')")]
    [InlineData("DELETE FROM identity.sessions WHERE user_id = '{0}'")]
    [InlineData("DELETE FROM app.users WHERE id = '{0}'")]
    [Trait("Check", "R08")]
    public async Task Disabled_or_deleted_user_is_401(string sql)
    {
        var ada = await api.SignInAsync("ada");
        (await ada.Client.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await api.Database.ExecuteAsync(
            string.Format(System.Globalization.CultureInfo.InvariantCulture, sql, ada.User.Id)
        );
        await IsRefusedAsync(ada);
    }

    [Fact]
    [Trait("Check", "R08")]
    public async Task Ending_all_sessions_is_401_for_all_users()
    {
        await using var own = new ApiUnderTest(server);
        await own.InitializeAsync();
        var (ada, bob) = (await own.SignInAsync("ada"), await own.SignInAsync("bob"));
        foreach (var person in new[] { ada, bob })
            (await person.Client.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await own.Database.ExecuteAsync("SELECT identity.end_all('test')");
        foreach (var person in new[] { ada, bob })
            await IsRefusedAsync(person);
    }

    [Fact]
    [Trait("Check", "R08")]
    public async Task Expired_session_is_401_without_a_notification()
    {
        await using var own = new ApiUnderTest(server);
        await own.InitializeAsync();
        // Warm up, so that the start does not count towards the five seconds.
        (await (await own.SignInAsync("bob")).Client.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(
            HttpStatusCode.OK
        );
        var ada = await own.SignInAsync("ada", endsAt: DateTimeOffset.UtcNow.AddSeconds(5));
        (await ada.Client.GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await IsRefusedAsync(ada, ada.Session.EndsAt.AddSeconds(1) - DateTimeOffset.UtcNow);
    }

    static Task<TimeSpan> IsRefusedAsync(Person person, TimeSpan? within = null) =>
        Wait.UntilAsync(
            async () =>
                (await person.Client.GetAsync("/api/v1/notes", Cancellation)).StatusCode == HttpStatusCode.Unauthorized,
            within ?? TimeSpan.FromSeconds(3)
        );

    [Fact]
    [Trait("Check", "R06")]
    public async Task Token_without_the_scope_is_403()
    {
        var ada = await api.SignInAsync("ada");
        var token = ApiUnderTest.Token(
            ada.User,
            ada.Session,
            descriptor => descriptor.Claims["scope"] = "openid lightning-like"
        );
        (await api.With(token).GetAsync("/api/v1/notes", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    [Trait("Check", "R11")]
    public async Task Token_in_the_query_is_401()
    {
        var ada = await api.SignInAsync("ada");
        var token = ApiUnderTest.Token(ada.User, ada.Session);
        (await api.Anonymous().GetAsync($"/api/v1/notes?access_token={token}", Cancellation)).StatusCode.ShouldBe(
            HttpStatusCode.Unauthorized
        );
    }

    [Fact]
    [Trait("Check", "R12")]
    public async Task Missing_token_is_401_with_a_challenge_and_a_problem()
    {
        var response = await api.Anonymous().GetAsync("/api/v1/notes", Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        response.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain("/problems/unauthenticated");
    }

    [Theory]
    [InlineData("", "Development", "Oidc:Authority is not set")]
    [InlineData("nonsense", "Development", "Oidc:Authority is not a valid address")]
    [InlineData("http://id.example.com", "Development", "Oidc:Authority is plain http")]
    [InlineData("http://localhost:5101", "Production", "Oidc:Authority is plain http")]
    public void Insecure_authority_fails_at_start(string authority, string environment, string expected)
    {
        using var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
            host.UseEnvironment(environment)
                .UseSetting("ConnectionStrings:lightning", "Host=localhost")
                .UseSetting("DataProtection:MasterKey", new string('z', 43) + "=")
                .UseSetting("Oidc:Authority", authority)
        );
        Should.Throw<OptionsValidationException>(factory.CreateClient).Failures.First().ShouldStartWith(expected);
    }
}
