using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenIddict.Client;
using static OpenIddict.Client.AspNetCore.OpenIddictClientAspNetCoreConstants;
using Scheme = OpenIddict.Client.AspNetCore.OpenIddictClientAspNetCoreDefaults;

namespace Lightning.Interoperability;

/// <summary>An app on a local port that signs in with OpenIddict's client, and remembers the last sign-in.</summary>
sealed class OpenIddictRelyingParty : IAsyncDisposable
{
    /// <summary>The registration of the confidential client.</summary>
    public const string Confidential = "confidential";

    /// <summary>The registration of the public client.</summary>
    public const string Public = "public";

    /// <summary>The registration of the client for client credentials.</summary>
    public const string Reports = "reports";

    readonly WebApplication app;

    OpenIddictRelyingParty(WebApplication app) => this.app = app;

    public OpenIddictClientService Client => app.Services.GetRequiredService<OpenIddictClientService>();

    /// <summary>The result of the last response to the redirect URI.</summary>
    public AuthenticateResult? SignIn { get; private set; }

    /// <summary>The result of the last response to the post-logout redirect URI.</summary>
    public AuthenticateResult? SignOut { get; private set; }

    public static async Task<OpenIddictRelyingParty> StartAsync(IdentityService identity)
    {
        var address = new Uri(identity.App);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(address.Port));
        builder
            .Services.AddOpenIddict()
            .AddClient(client =>
            {
                client.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().AllowClientCredentialsFlow();
                client.DisableTokenStorage().AddEphemeralEncryptionKey().AddEphemeralSigningKey();
                client.UseSystemNetHttp();
                client
                    .UseAspNetCore()
                    .DisableTransportSecurityRequirement()
                    .EnableRedirectionEndpointPassthrough()
                    .EnablePostLogoutRedirectionEndpointPassthrough();
                foreach (var registration in Registrations(identity))
                    client.AddRegistration(registration);
            });
        var party = new OpenIddictRelyingParty(builder.Build());
        party.MapEndpoints();
        await party.app.StartAsync();
        return party;
    }

    static IEnumerable<OpenIddictClientRegistration> Registrations(IdentityService identity)
    {
        var issuer = new Uri(identity.Issuer);
        yield return new()
        {
            RegistrationId = Confidential,
            Issuer = issuer,
            ClientId = "lightning-bff",
            ClientSecret = IdentityService.Secret,
            RedirectUri = new($"{identity.App}/bff/signin-oidc"),
            PostLogoutRedirectUri = new($"{identity.App}/bff/signout-callback-oidc"),
            Scopes = { "openid", "profile", "email", "offline_access", "lightning" },
        };
        yield return new()
        {
            RegistrationId = Public,
            Issuer = issuer,
            ClientId = "lightning-public",
            RedirectUri = new($"http://127.0.0.1:{new Uri(identity.App).Port}/callback"),
            Scopes = { "openid", "profile", "email", "offline_access", "lightning" },
        };
        yield return new()
        {
            RegistrationId = Reports,
            Issuer = issuer,
            ClientId = "reports",
            ClientSecret = IdentityService.Secret,
        };
    }

    void MapEndpoints()
    {
        app.MapGet(
            "/login/{registration}",
            (string registration) =>
                Results.Challenge(
                    new AuthenticationProperties(
                        new Dictionary<string, string?> { [Properties.RegistrationId] = registration }
                    ),
                    [Scheme.AuthenticationScheme]
                )
        );
        app.MapGet(
            "/logout",
            () =>
                Results.SignOut(
                    new AuthenticationProperties(
                        new Dictionary<string, string?>
                        {
                            [Properties.RegistrationId] = Confidential,
                            [Properties.IdentityTokenHint] = SignIn!.Properties!.GetTokenValue(
                                Tokens.BackchannelIdentityToken
                            ),
                        }
                    ),
                    [Scheme.AuthenticationScheme]
                )
        );
        foreach (var path in new[] { "/bff/signin-oidc", "/callback" })
            app.MapGet(
                path,
                async (HttpContext context) =>
                {
                    SignIn = await context.AuthenticateAsync(Scheme.AuthenticationScheme);
                    return "Signed in";
                }
            );
        app.MapGet(
            "/bff/signout-callback-oidc",
            async (HttpContext context) =>
            {
                SignOut = await context.AuthenticateAsync(Scheme.AuthenticationScheme);
                return "Signed out";
            }
        );
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
