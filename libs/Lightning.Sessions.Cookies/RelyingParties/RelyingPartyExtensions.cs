using System.Net;
using Duende.AccessTokenManagement;
using Duende.AccessTokenManagement.OpenIdConnect;
using Duende.IdentityModel.Client;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.BackChannel;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.Refresh;
using Lightning.Sessions.Cookies.Revocation;
using Lightning.Sessions.Cookies.Streams;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Outbox;
using Lightning.Sessions.Providers;
using Lightning.Sessions.Termination;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>Adds sign-in and sessions to an application.</summary>
public static class RelyingPartyExtensions
{
    /// <summary>
    /// Adds the session cookie, the OpenID Connect client and token management. Endpoints that require authorization
    /// then require a session.
    /// </summary>
    /// <param name="builder">The application, after <c>AddServiceDefaults</c> and <c>AddLightningData</c>.</param>
    /// <param name="party">The application's names.</param>
    /// <param name="configure">Configures the session's authentication scheme.</param>
    public static IHostApplicationBuilder AddRelyingParty(
        this IHostApplicationBuilder builder,
        RelyingParty party,
        Action<WebSessionOptions>? configure = null
    )
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(party);
        var services = builder.Services;
        services.AddOptions<SessionsOptions>().BindConfiguration("Sessions").ValidateAnnotations();
        services
            .AddOptions<RelyingPartyOptions>()
            .BindConfiguration("Oidc")
            .ValidateAnnotations()
            .Validate(
                options => ProviderAddress.IsSafe(options.Authority, builder.Environment.IsProduction()),
                ProviderAddress.Unsafe
            );
        services.AddSingleton(party).AddSingleton<SessionCookie>().AddSingleton<SessionProtector>();
        services
            .AddScoped<SessionLimit>()
            .AddScoped<WebSessionStore>()
            .AddScoped<RefreshLease>()
            .AddScoped<ProviderEvents>();
        services.AddSessionFeed();
        services
            .AddSingleton<WebSessionCache>()
            .AddSingleton<RequestLimits>()
            .AddSingleton<StreamLimits>()
            .AddSingleton<SignInLimits>()
            .AddSingleton<SessionResolver>()
            .AddSingleton<LastSeenWriter>()
            .AddHostedService(provider => provider.GetRequiredService<LastSeenWriter>());
        services
            .AddSingleton<ExpiredSessionCleanup>()
            .AddHostedService(provider => provider.GetRequiredService<ExpiredSessionCleanup>());
        services
            .AddSingleton<SessionStreams>()
            .AddHostedService(provider => provider.GetRequiredService<SessionStreams>());
        services.AddSingleton<AccessTokens>().AddScoped<SignOut>().AddScoped<SessionTerminator>();
        services.AddScoped<LogoutTokenHandler>().AddSingleton<ProviderKeys>().AddSingleton<InvalidLogoutTokenLimit>();
        services
            .AddSingleton<OutboxQueue>()
            .AddHostedService<RevocationSender>()
            .AddHostedService<SessionCacheWarmup>();
        services.ContinueTraces(SignInTrace.Reader(party));

        // ASP.NET Core logs every unauthenticated request at Information, which would flood the log.
        builder.Logging.AddFilter(typeof(WebSessionHandler).FullName, LogLevel.Warning);

        // No default scheme: requests that need no session, such as static files, do not read one from the database.
        services
            .AddAuthentication()
            .AddScheme<WebSessionOptions, WebSessionHandler>(Schemes.Session, configure)
            .AddCodeFlow(Schemes.Provider);
        services.AddSingleton<IConfigureOptions<OpenIdConnectOptions>, ConfigureProviderOptions>();
        services.AddOpenIdConnectAccessTokenManagement(tokens =>
        {
            tokens.ChallengeScheme = Scheme.Parse(Schemes.Provider);
            tokens.ClientCredentialStyle = ClientCredentialStyle.PostBody;
        });
        services
            .AddAuthorizationBuilder()
            .SetDefaultPolicy(new AuthorizationPolicyBuilder(Schemes.Session).RequireAuthenticatedUser().Build());
        return builder;
    }

    /// <summary>Adds the provider's callbacks, sessions and authorization policies to the pipeline.</summary>
    public static WebApplication UseRelyingParty(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var isProduction = app.Environment.IsProduction();
        app.Use(
            (context, next) =>
                context.Request.IsHttps
                || context.Request.Path.StartsWithSegments("/health")
                || (!isProduction && IsLoopback(context.Request.Host))
                    ? next(context)
                    : RefusePlainHttpAsync(context)
        );
        // Without a default scheme only the provider's handler runs here, for its callbacks.
        var party = app.Services.GetRequiredService<RelyingParty>();
        app.UseBranch(
            context => context.Request.Path == party.CallbackPath || context.Request.Path == party.SignedOutPath,
            responses => responses.UseSignInLimits().UseAuthentication()
        );
        // Endpoints without a policy need no authorization unless there is a fallback policy.
        var authorization = app.Services.GetRequiredService<IOptions<AuthorizationOptions>>().Value;
        var hasFallback = authorization.FallbackPolicy is not null;
        app.UseBranch(context => hasFallback || RequiresPolicy(context), restricted => restricted.UseAuthorization());
        return app;
    }

    static bool RequiresPolicy(HttpContext context) =>
        context.GetEndpoint()?.Metadata is { } metadata
        && (
            metadata.GetMetadata<IAuthorizeData>() is not null
            || metadata.GetMetadata<AuthorizationPolicy>() is not null
        );

    static bool IsLoopback(HostString host) =>
        host.Host is var name
        && (
            name == "localhost"
            || name.EndsWith(".localhost", StringComparison.Ordinal)
            || IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address)
        );

    /// <summary>
    /// Every cookie is Secure and never sent over plain http, so such a request points to a wrong configuration.
    /// </summary>
    static Task RefusePlainHttpAsync(HttpContext context) =>
        Problem.HttpsRequired.WriteAsync(
            context,
            "This application is served over https only. Behind a proxy that terminates TLS, list the proxy in "
                + "Network:TrustedProxies."
        );
}
