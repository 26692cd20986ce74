using System.IdentityModel.Tokens.Jwt;
using Microsoft.AspNetCore.Authentication.OAuth.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

/// <summary>Options of <see cref="OpenIdConnectHandler"/>. A member of the real package that is not here is not implemented here.</summary>
public class OpenIdConnectOptions : RemoteAuthenticationOptions
{
    static readonly string[] ProtocolClaims =
        ["nonce", "aud", "azp", "acr", "iss", "iat", "nbf", "exp", "at_hash", "c_hash", "ipaddr", "platf", "ver"];

    static readonly string[] ProfileClaims = ["sub", "name", "given_name", "family_name", "profile", "email"];

    readonly JsonWebTokenHandler _defaultTokenHandler = new() { MapInboundClaims = JwtSecurityTokenHandler.DefaultMapInboundClaims };

    public OpenIdConnectOptions()
    {
        CallbackPath = "/signin-oidc";
        SignedOutCallbackPath = "/signout-callback-oidc";
        RemoteSignOutPath = "/signout-oidc";
        TokenHandler = _defaultTokenHandler;
        Events = new OpenIdConnectEvents();
        foreach (var claim in ProtocolClaims)
            ClaimActions.DeleteClaim(claim);
        foreach (var claim in ProfileClaims)
            ClaimActions.MapUniqueJsonKey(claim, claim);
        NonceCookie = new NonceCookieBuilder(this)
        {
            Name = OpenIdConnectDefaults.CookieNoncePrefix,
            HttpOnly = true,
            SameSite = SameSiteMode.None,
            SecurePolicy = CookieSecurePolicy.Always,
            IsEssential = true,
        };
    }

    /// <summary>The provider's issuer; its metadata is looked for below it unless <see cref="MetadataAddress"/> is set.</summary>
    public string? Authority { get; set; }

    public string? ClientId { get; set; }

    public string? ClientSecret { get; set; }

    public string? MetadataAddress { get; set; }

    public bool RequireHttpsMetadata { get; set; } = true;

    /// <summary>Metadata known beforehand; then none is fetched.</summary>
    public OpenIdConnectConfiguration? Configuration { get; set; }

    public IConfigurationManager<OpenIdConnectConfiguration>? ConfigurationManager { get; set; }

    public TimeSpan AutomaticRefreshInterval { get; set; } = BaseConfigurationManager.DefaultAutomaticRefreshInterval;

    public TimeSpan RefreshInterval { get; set; } = BaseConfigurationManager.DefaultRefreshInterval;

    /// <summary>Ask for new metadata when a token names a signing key that is not in it.</summary>
    public bool RefreshOnIssuerKeyNotFound { get; set; } = true;

    public new OpenIdConnectEvents Events
    {
        get => (OpenIdConnectEvents)base.Events;
        set => base.Events = value;
    }

    public OpenIdConnectProtocolValidator ProtocolValidator { get; set; } =
        new() { RequireStateValidation = false, NonceLifetime = TimeSpan.FromMinutes(15) };

    public TokenHandler TokenHandler { get; set; }

    public TokenValidationParameters TokenValidationParameters { get; set; } = new();

    /// <summary>Whether claims of the ID token get the long names of SOAP times.</summary>
    public bool MapInboundClaims
    {
        get => _defaultTokenHandler.MapInboundClaims;
        set => _defaultTokenHandler.MapInboundClaims = value;
    }

    public bool GetClaimsFromUserInfoEndpoint { get; set; }

    public ClaimActionCollection ClaimActions { get; } = new();

    public PushedAuthorizationBehavior PushedAuthorizationBehavior { get; set; }

    /// <summary>The real package's default asks for an ID token from the browser; only <c>code</c> is implemented here, so it must be set.</summary>
    public string ResponseType { get; set; } = OpenIdConnectResponseType.IdToken;

    /// <summary><c>form_post</c> or <c>query</c>.</summary>
    public string ResponseMode { get; set; } = OpenIdConnectResponseMode.FormPost;

    public string? Resource { get; set; }

    public string? Prompt { get; set; }

    public TimeSpan? MaxAge { get; set; }

    public ICollection<string> Scope { get; } = new HashSet<string>(StringComparer.Ordinal) { "openid", "profile" };

    public IDictionary<string, string> AdditionalAuthorizationParameters { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where the provider sends the browser after signing out there.</summary>
    public PathString SignedOutCallbackPath { get; set; }

    /// <summary>Where the browser goes after <see cref="SignedOutCallbackPath"/>.</summary>
    public string SignedOutRedirectUri { get; set; } = "/";

    /// <summary>A front-channel sign-out from the provider arrives here; empty for none.</summary>
    public PathString RemoteSignOutPath { get; set; }

    public string? SignOutScheme { get; set; }

    public ISecureDataFormat<AuthenticationProperties> StateDataFormat { get; set; } = default!;

    public ISecureDataFormat<string> StringDataFormat { get; set; } = default!;

    /// <summary>Leaves the library's name and version out of requests to the provider.</summary>
    public bool DisableTelemetry { get; set; }

    /// <summary>The nonce's cookie; its name is a prefix.</summary>
    public CookieBuilder NonceCookie
    {
        get;
        set => field = value ?? throw new ArgumentNullException(nameof(value));
    }

    public override void Validate()
    {
        base.Validate();
        if (MaxAge < TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(MaxAge), MaxAge, "MaxAge must not be negative.");
        ArgumentException.ThrowIfNullOrEmpty(ClientId);
        if (!CallbackPath.HasValue)
            throw new ArgumentException("CallbackPath must be set.", nameof(CallbackPath));
        if (ConfigurationManager is null)
            throw new InvalidOperationException("Set Authority, MetadataAddress, Configuration or ConfigurationManager, so that the provider can be found.");
        if (ResponseType != OpenIdConnectResponseType.Code)
            throw new InvalidOperationException($"This stand-in for the package has the authorization code flow only: set ResponseType to 'code' instead of '{ResponseType}'.");
        if (ResponseMode is not (OpenIdConnectResponseMode.Query or OpenIdConnectResponseMode.FormPost))
            throw new InvalidOperationException($"ResponseMode must be 'query' or 'form_post', not '{ResponseMode}'.");
    }

    sealed class NonceCookieBuilder(OpenIdConnectOptions options) : RequestPathBaseCookieBuilder
    {
        protected override string? AdditionalPath => options.CallbackPath;

        public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
        {
            var cookie = base.Build(context, expiresFrom);
            if (Expiration is null)
                cookie.Expires = expiresFrom + options.ProtocolValidator.NonceLifetime;
            return cookie;
        }
    }
}
