using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication;
using OpenIddict.Abstractions;
using OpenIddict.Client;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Client.AspNetCore.OpenIddictClientAspNetCoreConstants;

namespace Lightning.Interoperability;

/// <summary>The client of OpenIddict against Lightning.Identity.</summary>
public sealed class OpenIddictClientTests(IdentityService identity) : IClassFixture<IdentityService>, IAsyncLifetime
{
    OpenIddictRelyingParty party = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    OpenIddictClientService Client => party.Client;

    public async ValueTask InitializeAsync() => party = await OpenIddictRelyingParty.StartAsync(identity);

    public ValueTask DisposeAsync() => party.DisposeAsync();

    [Theory]
    [InlineData(OpenIddictRelyingParty.Confidential)]
    [InlineData(OpenIddictRelyingParty.Public)]
    public async Task CodeFlow_ReturnsTokensAndUserInfo(string registration)
    {
        using var ada = new Person();

        var result = await SignInAsync(ada, registration);

        result.Principal.ShouldNotBeNull().GetClaim(Claims.Email).ShouldBe(IdentityService.Email);
        result.Principal.GetClaim(Claims.Private.RegistrationId).ShouldBe(registration);
        Token(result, Tokens.BackchannelAccessToken).ShouldNotBeEmpty();
        Token(result, Tokens.BackchannelIdentityToken).ShouldNotBeEmpty();
        Token(result, Tokens.RefreshToken).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task CodeFlow_IsPushedWithPkce()
    {
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var browser = new HttpClient(handler);

        using var response = await browser.GetAsync(
            new Uri($"{identity.App}/login/{OpenIddictRelyingParty.Confidential}"),
            Cancellation
        );

        var configuration = await Client.GetServerConfigurationByRegistrationIdAsync(
            OpenIddictRelyingParty.Confidential,
            Cancellation
        );
        configuration.CodeChallengeMethodsSupported.ShouldBe([CodeChallengeMethods.Sha256]);
        response.Headers.Location.ShouldNotBeNull().Query.ShouldContain("request_uri=");
    }

    [Theory]
    [InlineData(OpenIddictRelyingParty.Confidential)]
    [InlineData(OpenIddictRelyingParty.Public)]
    public async Task Refresh_RotatesTheToken(string registration)
    {
        using var ada = new Person();
        var first = Token(await SignInAsync(ada, registration), Tokens.RefreshToken);

        var refreshed = await RefreshAsync(registration, first);

        refreshed.RefreshToken.ShouldNotBeNullOrEmpty();
        refreshed.RefreshToken.ShouldNotBe(first);
        refreshed.Principal.GetClaim(Claims.Email).ShouldBe(IdentityService.Email);
        (await RefreshErrorAsync(registration, first)).ShouldBe(Errors.InvalidGrant);
        (await RefreshErrorAsync(registration, refreshed.RefreshToken)).ShouldBe(Errors.InvalidGrant);
    }

    [Fact]
    public async Task Revocation_EndsAllTokensOfTheSession()
    {
        using var ada = new Person();
        var result = await SignInAsync(ada, OpenIddictRelyingParty.Confidential);
        var (access, refresh) = (Token(result, Tokens.BackchannelAccessToken), Token(result, Tokens.RefreshToken));
        (await IntrospectAsync(access)).GetClaim(Claims.ClientId).ShouldBe("lightning-bff");

        await Client.RevokeTokenAsync(
            new()
            {
                CancellationToken = Cancellation,
                RegistrationId = OpenIddictRelyingParty.Confidential,
                Token = refresh,
                TokenTypeHint = TokenTypeHints.RefreshToken,
            }
        );

        (await Should.ThrowAsync<OpenIddictExceptions.ProtocolException>(() => IntrospectAsync(access))).Error.ShouldBe(
            Errors.InvalidToken
        );
        (await RefreshErrorAsync(OpenIddictRelyingParty.Confidential, refresh)).ShouldBe(Errors.InvalidGrant);
    }

    [Fact]
    public async Task Logout_ReturnsToTheClientAndEndsTheSession()
    {
        using var ada = new Person();
        var result = await SignInAsync(ada, OpenIddictRelyingParty.Confidential);

        var page = await ada.OpenAsync($"{identity.App}/logout");

        page.Address.AbsolutePath.ShouldBe("/bff/signout-callback-oidc");
        party.SignOut.ShouldNotBeNull().Failure.ShouldBeNull();
        (await RefreshErrorAsync(OpenIddictRelyingParty.Confidential, Token(result, Tokens.RefreshToken))).ShouldBe(
            Errors.InvalidGrant
        );
    }

    [Fact]
    public async Task ClientCredentials_ReturnOnlyAnAccessToken()
    {
        var result = await Client.AuthenticateWithClientCredentialsAsync(
            new()
            {
                CancellationToken = Cancellation,
                RegistrationId = OpenIddictRelyingParty.Reports,
                Scopes = ["lightning"],
            }
        );

        result.AccessToken.ShouldNotBeNullOrEmpty();
        result.RefreshToken.ShouldBeNull();
    }

    async Task<AuthenticateResult> SignInAsync(Person person, string registration)
    {
        var host = registration == OpenIddictRelyingParty.Public ? "127.0.0.1" : "localhost";
        var page = await person.OpenAsync($"http://{host}:{new Uri(identity.App).Port}/login/{registration}");
        page = await person.SubmitAsync(page, ("Email", IdentityService.Email), ("Password", IdentityService.Password));
        // A native app asks for consent once.
        if (page.Address.AbsolutePath == "/account/consent")
            page = await person.SubmitAsync(page);
        page.Status.ShouldBe(HttpStatusCode.OK, page.Html);
        return party.SignIn.ShouldNotBeNull();
    }

    async Task<OpenIddictClientModels.RefreshTokenAuthenticationResult> RefreshAsync(
        string registration,
        string token
    ) =>
        await Client.AuthenticateWithRefreshTokenAsync(
            new()
            {
                CancellationToken = Cancellation,
                RegistrationId = registration,
                RefreshToken = token,
            }
        );

    async Task<string?> RefreshErrorAsync(string registration, string token) =>
        (
            await Should.ThrowAsync<OpenIddictExceptions.ProtocolException>(() => RefreshAsync(registration, token))
        ).Error;

    async Task<System.Security.Claims.ClaimsPrincipal> IntrospectAsync(string token) =>
        (
            await Client.IntrospectTokenAsync(
                new()
                {
                    CancellationToken = Cancellation,
                    RegistrationId = OpenIddictRelyingParty.Confidential,
                    Token = token,
                    TokenTypeHint = TokenTypeHints.AccessToken,
                }
            )
        ).Principal;

    static string Token(AuthenticateResult result, string name) =>
        result.Properties.ShouldNotBeNull().GetTokenValue(name).ShouldNotBeNull();
}
