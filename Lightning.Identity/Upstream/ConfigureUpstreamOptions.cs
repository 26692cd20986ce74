using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>
/// Configures the OpenID Connect handler of each upstream provider: code flow with PKCE, strict token validation,
/// host-bound cookies, and only the claims that identify the user.
/// </summary>
sealed class ConfigureUpstreamOptions(UpstreamProviders providers) : IConfigureNamedOptions<OpenIdConnectOptions>
{
    public void Configure(OpenIdConnectOptions options)
    {
        // Only named options are used.
    }

    public void Configure(string? name, OpenIdConnectOptions options)
    {
        if (providers.All.FirstOrDefault(provider => provider.Scheme == name) is not { } provider)
            return;
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
        // Some providers return email and name only from UserInfo (OpenID Connect Core 1.0, 5.4).
        options.GetClaimsFromUserInfoEndpoint = true;
        foreach (var claim in new[] { "email", "name" })
            options.ClaimActions.MapUniqueJsonKey(claim, claim);
        options.ClaimActions.Add(new EmailVerifiedClaimAction());
        options.Scope.Clear();
        foreach (var scope in provider.Options.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            options.Scope.Add(scope);
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
        // The same for all providers, so that the bound on begun sign-ins holds for all of them together.
        SetCookie(options.CorrelationCookie, "upstream-state");
        SetCookie(options.NonceCookie, "upstream-nonce");
    }

    /// <summary>
    /// Lax, because the provider's response is a cross-site navigation. Each is used once, for one sign-in.
    /// </summary>
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
