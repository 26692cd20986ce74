using System.Net;
using Duende.AccessTokenManagement;
using Duende.AccessTokenManagement.OpenIdConnect;
using Duende.IdentityModel.Client;
using Lightning.Data.Outbox;
using Lightning.ServiceDefaults;
using Lightning.Sessions.BackChannel;
using Lightning.Sessions.Ends;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Foreign;
using Lightning.Sessions.Refresh;
using Lightning.Sessions.Streams;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.RelyingParties;

/// <summary>Makes an application one that people sign in to.</summary>
public static class RelyingPartyExtensions
{
    /// <summary>Adds the session cookie, the OpenID Connect client and the care for tokens. An endpoint that requires authorization then asks for a session.</summary>
    /// <param name="builder">The application; it has <c>AddServiceDefaults</c> and <c>AddLightningData</c> already.</param>
    /// <param name="party">Which application it is.</param>
    /// <param name="configure">Changes the session's authentication scheme.</param>
    public static IHostApplicationBuilder AddRelyingParty(this IHostApplicationBuilder builder, RelyingParty party, Action<WebSessionOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(party);
        var services = builder.Services;
        services.AddOptions<SessionsOptions>().BindConfiguration("Sessions").ValidateAnnotations();
        services.AddOptions<RelyingPartyOptions>().BindConfiguration("Oidc").ValidateAnnotations()
            .Validate(options => ProviderAddress.IsSafe(options.Authority, builder.Environment.IsProduction()), ProviderAddress.Unsafe);
        services.AddSingleton(party).AddSingleton<SessionCookie>().AddSingleton<SessionSecrets>();
        services.AddScoped<WebSessionStore>().AddScoped<RefreshLease>().AddScoped<ProviderEvents>();
        services.AddSessionFeed();
        services.AddSingleton<WebSessionMemory>().AddSingleton<RequestLimits>().AddSingleton(RequestSessions.Create).AddSingleton<LastSeen>().AddHostedService(provider => provider.GetRequiredService<LastSeen>());
        services.AddSingleton<ExpiredSessions>().AddHostedService(provider => provider.GetRequiredService<ExpiredSessions>());
        services.AddSingleton(SessionStreams.Create).AddHostedService(provider => provider.GetRequiredService<SessionStreams>());
        services.AddSingleton(AccessTokens.Create).AddScoped(SignOut.Create).AddScoped(SessionEnds.Create);
        services.AddScoped<ProviderLogout>().AddSingleton<ProviderKeys>().AddSingleton<RefusalLimit>();
        services.AddSingleton<OutboxQueue>().AddHostedService<RevocationSender>().AddHostedService<FirstLook>();
        services.ContinueTraces(SignInTrace.Of(party));

        // ASP.NET's handlers say of each request that they turn away that they do: whoever only asks who they are, and are nobody yet, would fill the log.
        builder.Logging.AddFilter(typeof(WebSessionHandler).FullName, LogLevel.Warning);

        // No default scheme: what needs no session, such as the front end's files, never asks the database for one.
        services.AddAuthentication()
            .AddScheme<WebSessionOptions, WebSessionHandler>(Schemes.Session, configure)
            .AddCodeFlow(Schemes.Provider);
        services.AddSingleton<IConfigureOptions<OpenIdConnectOptions>, ProviderConnection>();
        services.AddOpenIdConnectAccessTokenManagement(tokens =>
        {
            tokens.ChallengeScheme = Scheme.Parse(Schemes.Provider);
            tokens.ClientCredentialStyle = ClientCredentialStyle.PostBody;
        });
        services.AddAuthorizationBuilder().SetDefaultPolicy(new AuthorizationPolicyBuilder(Schemes.Session).RequireAuthenticatedUser().Build());
        return builder;
    }

    /// <summary>Puts it to use: callbacks of the provider, sessions, policies.</summary>
    public static WebApplication UseRelyingParty(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var isProduction = app.Environment.IsProduction();
        app.Use((context, next) => context.Request.IsHttps || context.Request.Path.StartsWithSegments("/health")
            || (!isProduction && IsLoopback(context.Request.Host)) ? next(context) : RefusePlainHttpAsync(context));
        // There is no default scheme: only the provider's handler authenticates here, and only its responses.
        var party = app.Services.GetRequiredService<RelyingParty>();
        app.UseBranch(
            context => context.Request.Path == party.CallbackPath || context.Request.Path == party.SignedOutPath,
            responses => responses.UseAuthentication());
        // An endpoint without a policy needs no authorization, unless the application has a fallback policy.
        var authorization = app.Services.GetRequiredService<IOptions<AuthorizationOptions>>().Value;
        var hasFallback = authorization.FallbackPolicy is not null;
        app.UseBranch(context => hasFallback || StatesPolicy(context), restricted => restricted.UseAuthorization());
        return app;
    }

    static bool StatesPolicy(HttpContext context) =>
        context.GetEndpoint()?.Metadata is { } metadata
        && (metadata.GetMetadata<IAuthorizeData>() is not null
            || metadata.GetMetadata<AuthorizationPolicy>() is not null);

    static bool IsLoopback(HostString host) =>
        host.Host is var name && (name == "localhost" || name.EndsWith(".localhost", StringComparison.Ordinal) || IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Every cookie here is marked Secure, and is never sent otherwise: a request over plain http can only be one that came the wrong way.</summary>
    static Task RefusePlainHttpAsync(HttpContext context) =>
        Problem.HttpsRequired.WriteAsync(context, "This application is served over https only. Behind a proxy that ends TLS, list that proxy in Network:TrustedProxies.");
}
