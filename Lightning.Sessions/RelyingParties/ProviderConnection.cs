using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.RelyingParties;

/// <summary>Sets the OpenID Connect handler up for the one provider: code, PKCE, pushed requests, strict tokens, host-bound cookies.</summary>
sealed class ProviderConnection(RelyingParty party, IOptions<RelyingPartyOptions> options) : IConfigureNamedOptions<OpenIdConnectOptions>
{
    /// <summary>How often an unknown key may lead to the provider's metadata at most.</summary>
    static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(1);

    public void Configure(OpenIdConnectOptions oidc) => Configure(Schemes.Provider, oidc);

    public void Configure(string? name, OpenIdConnectOptions oidc)
    {
        if (name != Schemes.Provider) return;
        var settings = options.Value;
        oidc.Authority = settings.Authority;
        oidc.ClientId = settings.ClientId ?? party.ClientId;
        oidc.ClientSecret = settings.ClientSecret;
        oidc.ResponseType = OpenIdConnectResponseType.Code;
        oidc.ResponseMode = OpenIdConnectResponseMode.Query;
        oidc.CallbackPath = party.CallbackPath;
        oidc.SignedOutCallbackPath = party.SignedOutPath;
        oidc.RemoteSignOutPath = PathString.Empty;
        oidc.SignInScheme = Schemes.Session;
        oidc.EventsType = typeof(ProviderEvents);
        oidc.SaveTokens = true;
        oidc.MapInboundClaims = false;
        oidc.DisableTelemetry = true;
        oidc.ClaimActions.Clear();
        oidc.Scope.Clear();
        foreach (var scope in settings.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)) oidc.Scope.Add(scope);
        foreach (var (parameter, value) in settings.AuthorizationParameters) oidc.AdditionalAuthorizationParameters[parameter] = value;
        if (settings.RequirePushedAuthorization) oidc.PushedAuthorizationBehavior = PushedAuthorizationBehavior.Require;
        oidc.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = settings.Authority,
            ValidAudience = oidc.ClientId,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256],
            ClockSkew = TimeSpan.FromMinutes(1),
            NameClaimType = "sub",
        };
        SetCookie(oidc.CorrelationCookie, "state");
        SetCookie(oidc.NonceCookie, "nonce");
        Connect(oidc, settings);
    }

    /// <summary>The provider's answer is a navigation from another site, so these are Lax; they are good once, for one sign-in.</summary>
    void SetCookie(CookieBuilder cookie, string kind)
    {
        cookie.Name = $"{party.Cookie}-{kind}.";
        cookie.Path = "/";
        cookie.SecurePolicy = CookieSecurePolicy.Always;
        cookie.HttpOnly = true;
        cookie.SameSite = SameSiteMode.Lax;
        cookie.IsEssential = true;
    }

    static void Connect(OpenIdConnectOptions oidc, RelyingPartyOptions settings)
    {
        var authority = new Uri(settings.Authority);
        var metadata = settings.Metadata;
        oidc.Backchannel = ProviderAddress.NewClient(
            settings.MetadataAddress is null ? null : new BackChannel(authority, metadata));
        oidc.RequireHttpsMetadata = metadata.Scheme == Uri.UriSchemeHttps;
        oidc.ConfigurationManager = new ProviderMetadata(metadata, settings.Authority, oidc.Backchannel)
        {
            AutomaticRefreshInterval = ProviderAddress.KeyRefresh,
            RefreshInterval = AskAgainAfter,
        };
    }

    /// <summary>Where services reach the provider by another address than browsers do, that address serves every call of the back channel.</summary>
    sealed class BackChannel(Uri authority, Uri metadata) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri is { } uri && Uri.Compare(uri, authority, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0)
                request.RequestUri = new Uri(metadata, uri.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
