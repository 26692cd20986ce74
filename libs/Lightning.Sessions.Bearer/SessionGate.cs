using Lightning.Authorization;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.Bearer;

/// <summary>
/// Authenticates every call of an API: the access token must be valid, its session active and its user enabled. The
/// user's rights come from the database, or from the cache while the change feed is up, and never from the token.
/// </summary>
public static class SessionGate
{
    /// <summary>The scope that every token needs.</summary>
    const string Scope = "lightning";

    /// <summary>The accepted clock difference (ASVS 5.0, 9.2.1).</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Adds bearer authentication and requires it at every endpoint. Handlers take an <see cref="Actor"/>.
    /// A database role that is held to row-level security also needs <c>AddRowSecurity</c>: without it, every token is
    /// refused, because the gate reads no session.
    /// </summary>
    public static IHostApplicationBuilder AddSessionGate(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder
            .Services.AddOptions<AccessTokenOptions>()
            .BindConfiguration("Oidc")
            .ValidateAnnotations()
            .Validate(
                options => ProviderAddress.IsSafe(options.Authority, builder.Environment.IsProduction()),
                ProviderAddress.Unsafe
            );
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        builder
            .Services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IOptions<AccessTokenOptions>, CachingTokenHandler>(
                (bearer, tokens, handler) => Configure(bearer, tokens.Value, handler)
            );
        builder
            .Services.AddAuthorizationBuilder()
            .SetDefaultPolicy(Policy().RequireAuthenticatedUser().RequireAssertion(ServiceGate.IsUser).Build())
            .AddPolicy(ServiceGate.Policy, Policy().RequireService().Build());
        builder.Services.AddOptions<SessionsOptions>().BindConfiguration("Sessions").ValidateAnnotations();
        builder
            .Services.AddSessionFeed()
            .AddSingleton<ActorCache>()
            .AddSingleton<ExternalActorCache>()
            .AddSingleton<CachingTokenHandler>()
            .AddSingleton<RequestLimits>()
            .AddSingleton<StreamLimits>();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddScoped(services =>
            services.GetRequiredService<IHttpContextAccessor>().HttpContext?.Features.Get<Actor>()
            ?? throw new InvalidOperationException(
                "The request has no actor: its endpoint does not require the session gate."
            )
        );
        return builder;
    }

    /// <summary>Adds authentication, rate limits and authorization, in this order.</summary>
    public static WebApplication UseSessionGate(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseAuthentication();
        app.UseGateLimits();
        app.UseAuthorization();
        return app;
    }

    static AuthorizationPolicyBuilder Policy() =>
        new AuthorizationPolicyBuilder()
        // RFC 9068, 2.2.3: "scope"; Entra uses "scp".
        .RequireAssertion(context =>
            context
                .User.FindAll(claim => claim.Type is "scope" or "scp")
                .Any(claim => claim.Value.Split(' ').Contains(Scope, StringComparer.Ordinal))
        );

    static void Configure(JwtBearerOptions bearer, AccessTokenOptions tokens, CachingTokenHandler handler)
    {
        var metadata = ProviderAddress.Metadata(tokens.Authority, tokens.MetadataAddress);
        bearer.Authority = tokens.Authority;
        bearer.ConfigurationManager = new ProviderMetadata(metadata, tokens.Authority, ProviderAddress.NewClient())
        {
            AutomaticRefreshInterval = ProviderAddress.KeyRefresh,
        };
        handler.MapInboundClaims = bearer.MapInboundClaims = false;
        bearer.TokenHandlers.Clear();
        bearer.TokenHandlers.Add(handler);
        // The token is not needed after validation.
        bearer.SaveToken = false;
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = tokens.Authority,
            ValidAudience = tokens.Audience,
            ValidTypes = tokens.AccessTokenTypes,
            ValidAlgorithms =
            [
                SecurityAlgorithms.EcdsaSha256,
                SecurityAlgorithms.RsaSha256,
                SecurityAlgorithms.RsaSsaPssSha256,
            ],
            ClockSkew = ClockSkew,
            NameClaimType = "sub",
        };
        Func<TokenValidatedContext, Task> admit = tokens.ExternalProvider ? ExternalTokenGate.AdmitAsync : AdmitAsync;
        bearer.Events = new JwtBearerEvents
        {
            OnTokenValidated = context => AdmitUnlessAbortedAsync(context, admit),
            OnChallenge = ChallengeAsync,
        };
    }

    /// <summary>
    /// A client that disconnects is not an error; the handler would log it with a stack trace.
    /// </summary>
    static async Task AdmitUnlessAbortedAsync(TokenValidatedContext context, Func<TokenValidatedContext, Task> admit)
    {
        // A token that is bound to a key (RFC 7800) proves nothing without it: RFC 9449, 7.2; RFC 8705, 3.
        if (context.Principal!.HasClaim(claim => claim.Type == "cnf"))
        {
            context.Fail("The token is bound to a key, so it is not a bearer token.");
            return;
        }
        try
        {
            await admit(context);
        }
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            context.Fail("The client has disconnected.");
        }
    }

    /// <summary>
    /// Answers 503, not 401, while the provider's keys cannot be fetched: on a 401 the client would discard a valid
    /// token.
    /// </summary>
    static Task ChallengeAsync(JwtBearerChallengeContext context)
    {
        if (!ProviderUnavailableException.IsCauseOf(context.AuthenticateFailure))
            return Task.CompletedTask;
        context.HandleResponse();
        return Problem.ProviderUnavailable.WriteAsync(
            context.HttpContext,
            "Tokens cannot be checked right now. Nothing was changed. Try again in a few seconds."
        );
    }

    /// <summary>Accepts or fails the token.</summary>
    /// <exception cref="System.Data.Common.DbException">The database is unavailable: the answer is 503, not
    /// 401.</exception>
    static async Task AdmitAsync(TokenValidatedContext context)
    {
        var claims = context.Principal!;
        if (!ServiceGate.HasSession(claims))
        {
            ServiceGate.Admit(context);
            return;
        }
        if (
            !Guid.TryParse(claims.FindFirst("sid")?.Value, out var sid)
            || claims.FindFirst("sub")?.Value is not { } subject
        )
        {
            context.Fail("The token has no session.");
            return;
        }
        var actors = context.HttpContext.RequestServices.GetRequiredService<ActorCache>();
        if (actors.TryGet(sid) is not { } found)
        {
            if (GateLimits.Refuse(context))
                return;
            found = await actors.FindAsync(sid, context.HttpContext.RequestAborted);
        }
        // The session must be the token's user's. The trusted issuer is part of the lookup.
        if (found?.Subject != subject)
            context.Fail("The session has ended.");
        else
            GateLimits.Admit(context.HttpContext, found.Actor);
    }
}
