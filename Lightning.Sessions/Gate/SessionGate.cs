using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Foreign;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.Gate;

/// <summary>
/// What stands before an API: a valid access token whose session is alive and whose user is active at this moment. The user's rights are read
/// from the database, or what is remembered of it while the change feed is alive, and never from the token.
/// </summary>
public static class SessionGate
{
    /// <summary>The scope that every call needs.</summary>
    const string Scope = "lightning";

    /// <summary>Longest difference of clocks that is forgiven; ASVS 5.0, 9.2.1.</summary>
    static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    /// <summary>Adds bearer authentication and makes every endpoint ask for it. Handlers take an <see cref="Actor"/>.</summary>
    public static IHostApplicationBuilder AddSessionGate(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<AccessTokenOptions>().BindConfiguration("Oidc").ValidateAnnotations()
            .Validate(options => ProviderAddress.IsSafe(options.Authority, builder.Environment.IsProduction()), ProviderAddress.Unsafe);
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        builder.Services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IOptions<AccessTokenOptions>, RememberedTokens>((bearer, tokens, handler) => Configure(bearer, tokens.Value, handler));
        builder.Services.AddAuthorizationBuilder()
            .SetDefaultPolicy(Policy().RequireAuthenticatedUser().RequireAssertion(ServiceGate.IsPerson).Build())
            .AddPolicy(ServiceGate.Policy, Policy().RequireService().Build());
        builder.Services.AddOptions<SessionsOptions>().BindConfiguration("Sessions").ValidateAnnotations();
        builder.Services.AddSessionFeed().AddSingleton<LiveActors>().AddSingleton<ForeignActors>().AddSingleton<RememberedTokens>().AddSingleton<RequestLimits>();
        // Whom the gate lets in, the database is told too.
        builder.Services.AddRowSecurity();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddScoped(services => services.GetRequiredService<IHttpContextAccessor>().HttpContext?.Features.Get<Actor>()
            ?? throw new InvalidOperationException("There is no actor: the endpoint was reached without passing the session gate."));
        return builder;
    }

    /// <summary>Puts the gate before everything that comes after: who it is, whether they ask too often, and whether they may.</summary>
    public static WebApplication UseSessionGate(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseAuthentication();
        app.UseGateLimits();
        app.UseAuthorization();
        return app;
    }

    static AuthorizationPolicyBuilder Policy() => new AuthorizationPolicyBuilder()
        // RFC 9068, 2.2.3: "scope"; Entra says "scp".
        .RequireAssertion(context => context.User.FindAll(claim => claim.Type is "scope" or "scp").Any(claim => claim.Value.Split(' ').Contains(Scope, StringComparer.Ordinal)));

    static void Configure(JwtBearerOptions bearer, AccessTokenOptions tokens, RememberedTokens handler)
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
        // Nobody asks for the token again.
        bearer.SaveToken = false;
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = tokens.Authority,
            ValidAudience = tokens.Audience,
            ValidTypes = tokens.AccessTokenTypes,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256],
            ClockSkew = ClockSkew,
            NameClaimType = "sub",
        };
        Func<TokenValidatedContext, Task> admit = tokens.Foreign ? ForeignGate.AdmitAsync : AdmitAsync;
        bearer.Events = new JwtBearerEvents
        {
            OnTokenValidated = context => AdmitUnlessAbortedAsync(context, admit),
            OnChallenge = ChallengeAsync,
        };
    }

    /// <summary>A client that leaves while it is looked up is no error, which the handler would log with its stack.</summary>
    static async Task AdmitUnlessAbortedAsync(TokenValidatedContext context, Func<TokenValidatedContext, Task> admit)
    {
        try
        {
            await admit(context);
        }
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            context.Fail("The client has left.");
        }
    }

    /// <summary>Whose token cannot be looked at, because the provider's keys were never read and it is away, is not told that the token is bad: they would throw it away.</summary>
    static Task ChallengeAsync(JwtBearerChallengeContext context)
    {
        if (!ProviderUnavailableException.IsCauseOf(context.AuthenticateFailure)) return Task.CompletedTask;
        context.HandleResponse();
        return Problem.ProviderUnavailable.WriteAsync(context.HttpContext, "Tokens cannot be checked right now. Nothing was changed; try again in a few seconds.");
    }

    /// <summary>A database that cannot answer is a fault (503), not a refusal: it is thrown on.</summary>
    static async Task AdmitAsync(TokenValidatedContext context)
    {
        var claims = context.Principal!;
        if (!ServiceGate.NamesSession(claims))
        {
            ServiceGate.Admit(context);
            return;
        }
        if (!Guid.TryParse(claims.FindFirst("sid")?.Value, out var sid) || claims.FindFirst("sub")?.Value is not { } subject)
        {
            context.Fail("The token names no session.");
            return;
        }
        var actors = context.HttpContext.RequestServices.GetRequiredService<LiveActors>();
        if (actors.TryRecall(sid) is not { } live)
        {
            if (GateLimits.Refuse(context)) return;
            live = await actors.FindAsync(sid, context.HttpContext.RequestAborted);
        }
        // Another's session is nobody's: a person is (issuer, subject), and the issuer is the one this API trusts.
        if (live?.Subject != subject) context.Fail("The session has ended.");
        else GateLimits.Admit(context.HttpContext, live.Actor);
    }
}
