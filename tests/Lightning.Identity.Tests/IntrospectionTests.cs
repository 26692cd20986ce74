using System.Net;
using Lightning.Testing;

namespace Lightning.Identity.Tests;

/// <summary>Identity with a client credentials client and a resource server.</summary>
public sealed class IdentityWithServices(PostgresServer server) : IdentityUnderTest(server)
{
    public const string Secret = "the-secret-of-the-jobs-and-the-api-together";

    protected override IEnumerable<(string Key, string Value)> Settings =>
        [
            ("Identity:Clients:Jobs:ClientId", "lightning-jobs"),
            ("Identity:Clients:Jobs:Secret", Secret),
            ("Identity:Clients:Jobs:Scopes:0", "lightning"),
            ("Identity:Clients:Jobs:Scopes:1", "openid"),
            ("Identity:Clients:Jobs:GrantTypes:0", "client_credentials"),
            ("Identity:Clients:Api:ClientId", "lightning-api"),
            ("Identity:Clients:Api:Secret", Secret),
            ("Identity:Clients:Api:IsResourceServer", "true"),
        ];

    public RelyingParty Jobs => new(this, Visitor(), "lightning-jobs", Secret, "");

    public RelyingParty Api => new(this, Visitor(), "lightning-api", Secret, "");
}

public class IntrospectionTests(IdentityWithServices identity) : IClassFixture<IdentityWithServices>
{
    [Fact, Trait("Check", "A18")]
    public async Task Introspect_ActiveAccessToken_ReturnsClaimsToClientAndApi()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["access_token"]!;
        foreach (var asking in new[] { bff, identity.Api })
        {
            var answer = await asking.PostAsync(
                "/connect/introspection",
                ("token", token),
                ("token_type_hint", "refresh_token")
            );
            answer.Status.ShouldBe(HttpStatusCode.OK);
            answer
                .Body.EnumerateObject()
                .Select(member => member.Name)
                .ShouldBe(
                    ["active", "iss", "aud", "sub", "sid", "client_id", "scope", "jti", "iat", "exp", "token_type"],
                    ignoreOrder: true
                );
            answer["active"].ShouldBe("True");
            answer["sub"].ShouldBe(user.Subject);
            answer["exp"].ShouldBe(new Claims(token)["exp"]);
            answer["token_type"].ShouldBe("Bearer");
        }
    }

    [Fact, Trait("Check", "A18")]
    public async Task Introspect_ActiveRefreshToken_IsActiveForItsClientOnly()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        var bff = identity.Bff(visitor);
        var token = (await bff.TokensAsync())["refresh_token"];
        var answer = await bff.PostAsync("/connect/introspection", ("token", token));
        (answer["active"], answer["sub"], answer["client_id"], answer["scope"]).ShouldBe(
            ("True", user.Subject, "lightning-bff", RelyingParty.FullScope)
        );
        foreach (var other in new[] { identity.Admin(visitor), identity.Api })
            await ShouldBeInactiveAsync(other, token);
    }

    [Fact, Trait("Check", "A18")]
    public async Task Introspect_AnotherClientsAccessToken_IsInactive()
    {
        var (_, visitor) = await identity.SignedInAsync("carol");
        await ShouldBeInactiveAsync(
            identity.Admin(visitor),
            (await identity.Bff(visitor).TokensAsync())["access_token"]
        );
    }

    [Fact, Trait("Check", "A18")]
    public async Task Introspect_SessionEnded_IsInactive()
    {
        var (user, visitor) = await identity.SignedInAsync("dave");
        var bff = identity.Bff(visitor);
        var tokens = await bff.TokensAsync();
        await identity.Database.ExecuteAsync($"SELECT identity.end_user_sessions('{user.Id}', 'test')");
        foreach (var name in new[] { "access_token", "refresh_token" })
        {
            await ShouldBeInactiveAsync(bff, tokens[name]);
            await ShouldBeInactiveAsync(identity.Api, tokens[name]);
        }
    }

    [Fact, Trait("Check", "A18")]
    public async Task Introspect_DisabledUser_IsInactive()
    {
        var (user, visitor) = await identity.SignedInAsync("erin");
        var token = (await identity.Bff(visitor).TokensAsync())["access_token"];
        await identity.Database.ExecuteAsync($"UPDATE app.users SET disabled_at = now() WHERE id = '{user.Id}'");
        await ShouldBeInactiveAsync(identity.Api, token);
    }

    [Fact, Trait("Check", "A18")]
    public async Task Introspect_InvalidOrExpiredToken_IsInactive()
    {
        var (_, visitor) = await identity.SignedInAsync("frank");
        var bff = identity.Bff(visitor);
        var tokens = await bff.TokensAsync();
        await bff.RefreshAsync(tokens["refresh_token"]!);
        foreach (
            var token in new[]
            {
                tokens["id_token"],
                tokens["refresh_token"],
                "nonsense",
                "a.b.c",
                tokens["access_token"]![..^4] + "AAAA",
            }
        )
            await ShouldBeInactiveAsync(bff, token);
        identity.Clock.Advance(TimeSpan.FromMinutes(5));
        await ShouldBeInactiveAsync(bff, tokens["access_token"]);
    }

    [Theory, Trait("Check", "A18")]
    [InlineData("client_secret", "wrong", "invalid_client")]
    [InlineData("client_secret", null, "invalid_client")]
    [InlineData("token", null, "invalid_request")]
    public async Task Introspect_WithoutClientAuthenticationOrToken_IsRefused(
        string name,
        string? value,
        string error
    ) => (await identity.Api.PostAsync("/connect/introspection", ("token", "x"), (name, value))).Error.ShouldBe(error);

    [Fact, Trait("Check", "A18")]
    public async Task Introspect_ByPublicClient_IsRefused()
    {
        var (_, visitor) = await identity.SignedInAsync("grace");
        var native = identity.Native(visitor);
        var answer = await native.PostAsync(
            "/connect/introspection",
            ("token", (await native.TokensAsync())["access_token"])
        );
        (answer.Status, answer.Error).ShouldBe((HttpStatusCode.Unauthorized, "invalid_client"));
    }

    [Fact, Trait("Check", "A10")]
    public async Task ClientCredentials_ReturnOnlyATokenWithoutSession()
    {
        var answer = await identity.Jobs.PostAsync("/connect/token", ("grant_type", "client_credentials"));
        answer
            .Body.EnumerateObject()
            .Select(member => member.Name)
            .ShouldBe(["access_token", "token_type", "expires_in", "scope"], ignoreOrder: true);
        answer["scope"].ShouldBe("lightning");
        var claims = new Claims(answer["access_token"]!);
        claims.Names.ShouldBe(["iss", "aud", "sub", "client_id", "scope", "jti", "iat", "exp"], ignoreOrder: true);
        (claims["sub"], claims["client_id"]).ShouldBe(("lightning-jobs", "lightning-jobs"));
        (await identity.Api.PostAsync("/connect/introspection", ("token", answer["access_token"])))["active"]
            .ShouldBe("True");
        // It has no user, and so no user claims.
        using var claimsOf = await identity.Jobs.UserInfoAsync(answer["access_token"]!);
        claimsOf.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        // Revoking it has no effect and succeeds (RFC 7009, 2.2).
        (await identity.Jobs.PostAsync("/connect/revocation", ("token", answer["access_token"]))).Status.ShouldBe(
            HttpStatusCode.OK
        );
    }

    [Theory, Trait("Check", "A10")]
    [InlineData("openid")]
    [InlineData("lightning openid")]
    [InlineData("email")]
    [InlineData("admin")]
    public async Task ClientCredentials_UserScopeOrUnregisteredScope_IsRefused(string scope) =>
        (
            await identity.Jobs.PostAsync("/connect/token", ("grant_type", "client_credentials"), ("scope", scope))
        ).Error.ShouldBe("invalid_scope");

    [Fact, Trait("Check", "A10")]
    public async Task Client_UnregisteredGrantType_IsRefused()
    {
        foreach (
            var client in new[] { identity.Bff(identity.Visitor()), identity.Native(identity.Visitor()), identity.Api }
        )
            (await client.PostAsync("/connect/token", ("grant_type", "client_credentials"))).Error.ShouldBe(
                "unauthorized_client"
            );
        (await identity.Jobs.RefreshAsync("x")).Error.ShouldBe("unauthorized_client");
        (await identity.Jobs.RedeemAsync("x")).Error.ShouldBe("unauthorized_client");
    }

    static async Task ShouldBeInactiveAsync(RelyingParty asking, string? token)
    {
        var answer = await asking.PostAsync("/connect/introspection", ("token", token));
        (answer.Status, answer.Body.ToString()).ShouldBe((HttpStatusCode.OK, """{"active":false}"""));
    }
}
