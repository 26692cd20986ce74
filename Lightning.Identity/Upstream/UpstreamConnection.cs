using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>Sets the OpenID Connect handler up for each upstream provider: code, PKCE, strict tokens, host-bound cookies; of what it gives, only who the person is.</summary>
sealed class UpstreamConnection(UpstreamProviders providers) : IConfigureNamedOptions<OpenIdConnectOptions>
{
    public void Configure(OpenIdConnectOptions options)
    {
        // Every provider's scheme has a name.
    }

    public void Configure(string? name, OpenIdConnectOptions options)
    {
        if (providers.All.FirstOrDefault(provider => provider.Scheme == name) is not { } provider) return;
        options.Authority = provider.Authority;
        options.ClientId = provider.Options.ClientId;
        options.ClientSecret = provider.Options.ClientSecret;
        options.ResponseType = OpenIdConnectResponseType.Code;
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.CallbackPath = provider.CallbackPath;
        options.SignedOutCallbackPath = options.RemoteSignOutPath = PathString.Empty;
        options.SignInScheme = UpstreamTicket.Scheme;
        options.EventsType = typeof(UpstreamEvents);
        options.SaveTokens = false;
        options.MapInboundClaims = false;
        options.DisableTelemetry = true;
        options.ClaimActions.Clear();
        // Strict providers give address and name at the user information endpoint only (OpenID Connect Core 1.0, 5.4).
        options.GetClaimsFromUserInfoEndpoint = true;
        foreach (var claim in new[] { "email", "email_verified", "name" }) options.ClaimActions.MapUniqueJsonKey(claim, claim);
        options.Scope.Clear();
        foreach (var scope in provider.Options.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)) options.Scope.Add(scope);
        options.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = provider.Authority,
            ValidAudience = provider.Options.ClientId,
            ValidAlgorithms = UpstreamProvider.Algorithms,
            ClockSkew = UpstreamProvider.ClockSkew,
            NameClaimType = "sub",
        };
        options.Backchannel = provider.BackChannel;
        options.RequireHttpsMetadata = provider.RequiresHttps;
        options.ConfigurationManager = provider.Metadata;
        SetCookie(options.CorrelationCookie, $"{provider.Name}-state");
        SetCookie(options.NonceCookie, $"{provider.Name}-nonce");
    }

    /// <summary>The provider's answer is a navigation from another site, so these are Lax; they are good once, for one sign-in.</summary>
    static void SetCookie(CookieBuilder cookie, string kind)
    {
        cookie.Name = $"__Host-lightning-id-{kind}.";
        cookie.Path = "/";
        cookie.SecurePolicy = CookieSecurePolicy.Always;
        cookie.HttpOnly = true;
        cookie.SameSite = SameSiteMode.Lax;
        cookie.IsEssential = true;
    }
}
