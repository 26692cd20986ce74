using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Lightning.Identity.Clients;
using Lightning.Identity.Grants;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Identity.Tests;

public class TokenEndpointTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "A09")]
    [InlineData("password")]
    [InlineData("implicit")]
    [InlineData("urn:ietf:params:oauth:grant-type:device_code")]
    [InlineData("AUTHORIZATION_CODE")]
    public async Task Token_UnsupportedGrantType_IsRefused(string grant) =>
        (
            await identity
                .Bff(identity.Visitor())
                .PostAsync(
                    "/connect/token",
                    ("grant_type", grant),
                    ("username", "a@example.com"),
                    ("password", "secret")
                )
        ).Error.ShouldBe("unsupported_grant_type");

    [Fact, Trait("Check", "A20")]
    public async Task GrantTypes_MatchConfigurationAndMetadata()
    {
        await using var scope = identity.Services.CreateAsyncScope();
        scope
            .ServiceProvider.GetServices<ITokenGrant>()
            .Select(grant => grant.Type)
            .ShouldBe(GrantTypes.All, ignoreOrder: true);
    }

    [Theory]
    [InlineData("grant_type", "grant_type")]
    [InlineData("code", "code")]
    public async Task Token_ParameterMissing_IsInvalidRequest(string left, string named)
    {
        var answer = await identity.Bff(identity.Visitor()).RedeemAsync("x", (left, null));
        answer.Error.ShouldBe("invalid_request");
        answer["error_description"]!.ShouldContain(named);
    }

    [Theory]
    [InlineData("lightning-bff", null)]
    [InlineData("lightning-bff", "wrong")]
    [InlineData("lightning-bff", IdentityUnderTest.AdminSecret)]
    [InlineData("unknown-client", IdentityUnderTest.BffSecret)]
    [InlineData("lightning-public", "a secret that a public client cannot have")]
    [InlineData(null, null)]
    public async Task Token_UnauthenticatedClient_IsInvalidClient(string? id, string? secret)
    {
        var answer = await identity
            .Bff(identity.Visitor())
            .RedeemAsync("x", ("client_id", id), ("client_secret", secret));
        answer.Status.ShouldBe(HttpStatusCode.Unauthorized);
        answer.Error.ShouldBe("invalid_client");
    }

    [Fact]
    public async Task Token_SecretInHeaderAndBody_IsRefused()
    {
        var client = identity.BackChannel();
        var basic = Convert.ToBase64String(
            Encoding.ASCII.GetBytes($"lightning-bff:{Uri.EscapeDataString(IdentityUnderTest.BffSecret)}")
        );
        (await SendAsync(basic, [("grant_type", "authorization_code"), ("code", "x")])).ShouldBe(
            (HttpStatusCode.BadRequest, "invalid_grant")
        );
        (
            await SendAsync(
                basic,
                [("grant_type", "authorization_code"), ("code", "x"), ("client_secret", IdentityUnderTest.BffSecret)]
            )
        ).ShouldBe((HttpStatusCode.BadRequest, "invalid_request"));
        (
            await SendAsync(
                basic,
                [("grant_type", "authorization_code"), ("code", "x"), ("client_id", "lightning-admin")]
            )
        ).ShouldBe((HttpStatusCode.BadRequest, "invalid_request"));
        (await SendAsync("%%%", [("grant_type", "authorization_code"), ("code", "x")])).ShouldBe(
            (HttpStatusCode.Unauthorized, "invalid_client")
        );

        async Task<(HttpStatusCode, string?)> SendAsync(string parameter, (string, string)[] form)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token")
            {
                Content = new FormUrlEncodedContent(form.Select(pair => KeyValuePair.Create(pair.Item1, pair.Item2))),
                Headers = { Authorization = new AuthenticationHeaderValue("Basic", parameter) },
            };
            using var response = await client.SendAsync(request, Cancellation);
            response.Headers.CacheControl!.NoStore.ShouldBeTrue();
            if (response.StatusCode == HttpStatusCode.Unauthorized)
                response.Headers.WwwAuthenticate.ShouldContain(challenge => challenge.Scheme == "Basic");
            return (
                response.StatusCode,
                System
                    .Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation))
                    .RootElement.GetProperty("error")
                    .GetString()
            );
        }
    }

    [Fact]
    public async Task Token_NotPostedAsForm_IsRefused()
    {
        var client = identity.BackChannel();
        using var json = await client.PostAsync(
            "/connect/token",
            new StringContent("{}", Encoding.UTF8, "application/json"),
            Cancellation
        );
        json.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var get = await client.GetAsync("/connect/token?grant_type=authorization_code", Cancellation);
        get.IsSuccessStatusCode.ShouldBeFalse();
        using var query = await client.PostAsync(
            $"/connect/token?client_id=lightning-bff&client_secret={IdentityUnderTest.BffSecret}",
            new FormUrlEncodedContent([new("grant_type", "refresh_token")]),
            Cancellation
        );
        query.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("header", HttpStatusCode.OK, null)]
    [InlineData("form", HttpStatusCode.OK, null)]
    [InlineData("header and other form", HttpStatusCode.OK, null)]
    [InlineData("header and form", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("header and query", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("form and query", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("form twice", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("wrong form", HttpStatusCode.Unauthorized, "invalid_token")]
    [InlineData("query", HttpStatusCode.Unauthorized, null)]
    [InlineData("multipart", HttpStatusCode.Unauthorized, null)]
    [InlineData("json", HttpStatusCode.Unauthorized, null)]
    [InlineData("get with form", HttpStatusCode.Unauthorized, null)]
    [InlineData("nothing", HttpStatusCode.Unauthorized, null)]
    public async Task UserInfo_AcceptsTheTokenOnceInHeaderOrForm(string sent, HttpStatusCode status, string? error)
    {
        var (user, visitor) = await identity.SignedInAsync($"u{Guid.NewGuid():N}");
        var token = (await identity.Bff(visitor).TokensAsync())["access_token"]!;
        using var request = new HttpRequestMessage(
            sent == "get with form" ? HttpMethod.Get : HttpMethod.Post,
            sent.EndsWith("query", StringComparison.Ordinal)
                ? $"/connect/userinfo?access_token={token}"
                : "/connect/userinfo"
        );
        if (sent.StartsWith("header", StringComparison.Ordinal))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Content = sent switch
        {
            "form" or "header and form" or "form and query" or "get with form" => Form(("access_token", token)),
            "header and other form" => Form(("other", "value")),
            "form twice" => Form(("access_token", token), ("access_token", token)),
            "wrong form" => Form(("access_token", token[..^4] + "AAAA")),
            "multipart" => new MultipartFormDataContent { { new StringContent(token), "access_token" } },
            "json" => new StringContent($"{{\"access_token\":\"{token}\"}}", Encoding.UTF8, "application/json"),
            _ => null,
        };

        using var response = await identity.BackChannel().SendAsync(request, Cancellation);

        response.StatusCode.ShouldBe(status);
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var challenge = response.Headers.WwwAuthenticate.ToString();
        challenge.ShouldNotContain(token);
        if (status == HttpStatusCode.OK)
            (await response.Content.ReadAsStringAsync(Cancellation)).ShouldContain($"\"sub\":\"{user.Subject}\"");
        else if (error is null)
            challenge.ShouldBe("Bearer realm=\"lightning\"");
        else
            challenge.ShouldContain($"error=\"{error}\"");

        static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) =>
            new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
    }

    [Fact]
    public async Task UserInfo_ReturnsClaimsByScopeForActiveTokenOnly()
    {
        var (user, visitor) = await identity.SignedInAsync("ivan");
        var bff = identity.Bff(visitor);
        var tokens = await bff.TokensAsync();
        using var good = await bff.UserInfoAsync(tokens["access_token"]!);
        var claims = System
            .Text.Json.JsonDocument.Parse(await good.Content.ReadAsStringAsync(Cancellation))
            .RootElement;
        claims
            .EnumerateObject()
            .Select(claim => claim.Name)
            .ShouldBe(["sub", "name", "email", "email_verified"], ignoreOrder: true);
        claims.GetProperty("sub").GetString().ShouldBe(user.Subject);

        foreach (
            var token in new[]
            {
                tokens["id_token"]!,
                tokens["refresh_token"]!,
                "nonsense",
                tokens["access_token"]![..^4] + "AAAA",
            }
        )
        {
            using var bad = await bff.UserInfoAsync(token);
            bad.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            bad.Headers.WwwAuthenticate.ToString().ShouldContain("invalid_token");
            bad.Headers.WwwAuthenticate.ToString().ShouldNotContain(token);
        }
        using var none = await identity
            .BackChannel()
            .GetAsync($"/connect/userinfo?access_token={tokens["access_token"]}", Cancellation);
        none.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        none.Headers.WwwAuthenticate.ToString().ShouldNotContain("error");

        var narrow = await bff.TokensAsync(("scope", "lightning"));
        (await bff.UserInfoAsync(narrow["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        identity.Clock.Advance(TimeSpan.FromMinutes(5));
        (await bff.UserInfoAsync(tokens["access_token"]!)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
