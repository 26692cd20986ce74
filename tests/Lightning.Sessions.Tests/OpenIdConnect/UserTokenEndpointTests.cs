using Duende.AccessTokenManagement;
using Duende.AccessTokenManagement.OpenIdConnect;
using Duende.IdentityModel.Client;
using Lightning.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.OpenIdConnect;

/// <summary>The behavior of Duende's endpoint, or of its polyfill, that Lightning relies on.</summary>
public sealed class UserTokenEndpointTests : IAsyncLifetime
{
    FakeProvider provider = null!;
    ServiceProvider services = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    IOpenIdConnectUserTokenEndpoint Endpoint => services.GetRequiredService<IOpenIdConnectUserTokenEndpoint>();

    public async ValueTask InitializeAsync()
    {
        provider = await FakeProvider.StartAsync();
        services = Connect(ClientCredentialStyle.PostBody);
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await provider.DisposeAsync();
    }

    ServiceProvider Connect(ClientCredentialStyle style)
    {
        var collection = new ServiceCollection();
        collection.AddLogging().AddDataProtection();
        collection
            .AddAuthentication()
            .AddOpenIdConnect(
                "provider",
                options =>
                {
                    options.Authority = provider.Issuer;
                    options.RequireHttpsMetadata = false;
                    (options.ClientId, options.ClientSecret, options.ResponseType) = (
                        FakeProvider.ClientId,
                        FakeProvider.ClientSecret,
                        "code"
                    );
                    options.SignInScheme = "none";
                }
            );
        collection.AddOpenIdConnectAccessTokenManagement(options =>
            (options.ChallengeScheme, options.ClientCredentialStyle) = (Scheme.Parse("provider"), style)
        );
        return collection.BuildServiceProvider();
    }

    Task<TokenResult<UserToken>> RefreshAsync(Func<IResult> answer)
    {
        provider.BeforeRefresh = () => Task.FromResult<IResult?>(answer());
        return Endpoint.RefreshAccessTokenAsync(
            new UserRefreshToken(RefreshToken.Parse("old"), null),
            new UserTokenRequestParameters(),
            Cancellation
        );
    }

    [Fact]
    public async Task Refresh_Success_ReturnsTheNewTokensAndTheirExpiry()
    {
        var result = await RefreshAsync(() =>
            Results.Json(
                new
                {
                    access_token = "a",
                    token_type = "Bearer",
                    expires_in = 300,
                    refresh_token = "r",
                    scope = "openid",
                }
            )
        );

        result.WasSuccessful(out var token, out _).ShouldBeTrue();
        token!.AccessToken.ToString().ShouldBe("a");
        token.RefreshToken!.Value.ToString().ShouldBe("r");
        (token.Expiration - DateTimeOffset.UtcNow).ShouldBeInRange(
            TimeSpan.FromSeconds(290),
            TimeSpan.FromSeconds(300)
        );
        provider.Refreshes.ShouldHaveSingleItem()["refresh_token"].ShouldBe("old");
    }

    [Theory]
    [InlineData(400, "{\"error\":\"invalid_grant\",\"error_description\":\"used\"}", "invalid_grant")]
    [InlineData(500, "{\"error\":\"invalid_grant\"}", "Internal Server Error")]
    [InlineData(200, "{\"token_type\":\"Bearer\"}", "The token endpoint's response has no access token")]
    [Trait("Check", "B11")]
    public async Task Refresh_Refused_ReturnsTheError(int status, string body, string error)
    {
        var result = await RefreshAsync(() => Results.Text(body, "application/json", statusCode: status));

        result.WasSuccessful(out _, out var failure).ShouldBeFalse();
        failure!.Error.ShouldBe(error);
    }

    [Fact]
    [Trait("Check", "T03")]
    public async Task Refresh_ConcurrentWithDifferentScopes_EachGetsItsOwnToken()
    {
        // The provider responds to neither request before it has both.
        var (one, both) = (new TaskCompletionSource(), new TaskCompletionSource());
        provider.BeforeRefresh = async () =>
        {
            var asked = provider.Refreshes.Last();
            if (!one.TrySetResult())
                both.SetResult();
            await both.Task.WaitAsync(TimeSpan.FromSeconds(10));
            return Results.Json(
                new
                {
                    access_token = $"for {asked["scope"]} at {asked["resource"]}",
                    token_type = "Bearer",
                    expires_in = 300,
                    scope = asked["scope"],
                }
            );
        };
        async Task<string> AskAsync(string scope, string resource)
        {
            var result = await Endpoint.RefreshAccessTokenAsync(
                new UserRefreshToken(RefreshToken.Parse("old"), null),
                new UserTokenRequestParameters { Scope = Scope.Parse(scope), Resource = Resource.Parse(resource) },
                Cancellation
            );
            result.WasSuccessful(out var token, out _).ShouldBeTrue();
            return token!.AccessToken.ToString();
        }

        var first = AskAsync("notes", "https://notes.example");
        await one.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
        var second = AskAsync("photos", "https://photos.example");

        (await first, await second).ShouldBe(
            ("for notes at https://notes.example", "for photos at https://photos.example")
        );
    }

    [Fact]
    public async Task Refresh_NoProvider_ReturnsAFailure()
    {
        (await RefreshAsync(() => Results.Ok())).Succeeded.ShouldBeFalse();
        await provider.DisposeAsync();
        var result = await Endpoint.RefreshAccessTokenAsync(
            new UserRefreshToken(RefreshToken.Parse("old"), null),
            new UserTokenRequestParameters(),
            Cancellation
        );
        result.Succeeded.ShouldBeFalse();
    }

    [Theory]
    [InlineData(ClientCredentialStyle.PostBody)]
    [InlineData(ClientCredentialStyle.AuthorizationHeader)]
    [Trait("Check", "C01")]
    public async Task Revoke_EitherStyle_AuthenticatesTheClient(ClientCredentialStyle style)
    {
        await using var connected = Connect(style);
        await connected
            .GetRequiredService<IOpenIdConnectUserTokenEndpoint>()
            .RevokeRefreshTokenAsync(
                new UserRefreshToken(RefreshToken.Parse("old"), null),
                new UserTokenRequestParameters(),
                Cancellation
            );

        provider.Revocations.ShouldHaveSingleItem()["token"].ShouldBe("old");
    }
}
