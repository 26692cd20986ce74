using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>
/// Configures the OpenID Connect handler: authorization code flow, PKCE, pushed authorization requests (RFC 9126),
/// strict token validation and <c>__Host-</c> cookies.
/// </summary>
sealed class ConfigureProviderOptions(RelyingParty party, IOptions<RelyingPartyOptions> options)
    : IConfigureNamedOptions<OpenIdConnectOptions>
{
    /// <summary>The minimum time between two metadata refreshes that tokens with an unknown key cause.</summary>
    static readonly TimeSpan MinRefreshInterval = TimeSpan.FromMinutes(1);

    public void Configure(OpenIdConnectOptions oidc) => Configure(Schemes.Provider, oidc);

    public void Configure(string? name, OpenIdConnectOptions oidc)
    {
        if (name != Schemes.Provider)
            return;
        var settings = options.Value;
        oidc.Authority = settings.Authority;
        oidc.ClientId = settings.ClientId ?? party.ClientId;
        oidc.ClientSecret = settings.ClientSecret;
        oidc.ResponseType = OpenIdConnectResponseType.Code;
        oidc.ResponseMode = OpenIdConnectResponseMode.Query;
        oidc.CallbackPath = party.CallbackPath;
        oidc.SignedOutCallbackPath = party.SignedOutPath;
        // Disables front-channel logout; the provider uses back-channel logout.
        oidc.RemoteSignOutPath = PathString.Empty;
        oidc.SignInScheme = Schemes.Session;
        oidc.EventsType = typeof(ProviderEvents);
        oidc.SaveTokens = true;
        oidc.MapInboundClaims = false;
        oidc.DisableTelemetry = true;
        oidc.ClaimActions.Clear();
        oidc.Scope.Clear();
        foreach (var scope in settings.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            oidc.Scope.Add(scope);
        foreach (var (parameter, value) in settings.AuthorizationParameters)
            oidc.AdditionalAuthorizationParameters[parameter] = value;
        if (settings.RequirePushedAuthorization)
            oidc.PushedAuthorizationBehavior = PushedAuthorizationBehavior.Require;
        oidc.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = settings.Authority,
            ValidAudience = oidc.ClientId,
            ValidAlgorithms =
            [
                SecurityAlgorithms.EcdsaSha256,
                SecurityAlgorithms.RsaSha256,
                SecurityAlgorithms.RsaSsaPssSha256,
            ],
            ClockSkew = TimeSpan.FromMinutes(1),
            NameClaimType = "sub",
        };
        ConfigureCookie(oidc.CorrelationCookie, "state");
        ConfigureCookie(oidc.NonceCookie, "nonce");
        ConfigureBackchannel(oidc, settings);
    }

    /// <summary>
    /// SameSite=Lax, because the provider's response is a navigation from another site. Each cookie is used once.
    /// </summary>
    void ConfigureCookie(CookieBuilder cookie, string kind)
    {
        cookie.Name = $"{party.Cookie}-{kind}.";
        cookie.Path = "/";
        cookie.SecurePolicy = CookieSecurePolicy.Always;
        cookie.HttpOnly = true;
        cookie.SameSite = SameSiteMode.Lax;
        cookie.IsEssential = true;
    }

    static void ConfigureBackchannel(OpenIdConnectOptions oidc, RelyingPartyOptions settings)
    {
        var authority = new Uri(settings.Authority);
        var metadata = settings.Metadata;
        oidc.Backchannel = ProviderAddress.NewClient(
            settings.MetadataAddress is null ? null : new BackChannelHandler(authority, metadata)
        );
        oidc.RequireHttpsMetadata = metadata.Scheme == Uri.UriSchemeHttps;
        oidc.ConfigurationManager = new ProviderMetadata(metadata, settings.Authority, oidc.Backchannel)
        {
            AutomaticRefreshInterval = ProviderAddress.KeyRefresh,
            RefreshInterval = MinRefreshInterval,
        };
    }

    /// <summary>
    /// Sends back-channel requests to the host of <c>Oidc:MetadataAddress</c>, if services reach the provider by
    /// another address than browsers do.
    /// </summary>
    sealed class BackChannelHandler(Uri authority, Uri metadata) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            if (
                request.RequestUri is { } uri
                && Uri.Compare(
                    uri,
                    authority,
                    UriComponents.SchemeAndServer,
                    UriFormat.Unescaped,
                    StringComparison.OrdinalIgnoreCase
                ) == 0
            )
                request.RequestUri = new Uri(metadata, uri.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
