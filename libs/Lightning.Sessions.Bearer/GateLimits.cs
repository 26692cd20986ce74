using Lightning.Authorization;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Lightning.Sessions.Bearer;

/// <summary>
/// Rate limits of the session gate: requests per session, and invalid tokens per address. A token whose session is
/// cached is not affected by the limit of its address.
/// </summary>
static class GateLimits
{
    /// <summary>Sets the actor of the request.</summary>
    public static void Admit(HttpContext context, Actor actor) => context.Features.Set(actor);

    /// <summary>
    /// Fails the token with 429 and returns true if the address has sent too many invalid tokens. Call it before
    /// reading a session from the database.
    /// </summary>
    public static bool Refuse(TokenValidatedContext context)
    {
        if (
            context.HttpContext.RequestServices.GetRequiredService<RequestLimits>().Refuse(context.HttpContext)
            is not { } tooMany
        )
            return false;
        context.Fail(tooMany);
        return true;
    }

    /// <summary>Counts requests and invalid tokens. Must follow authentication.</summary>
    public static void UseGateLimits(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<RequestLimits>();
        app.Use(
            (context, next) =>
            {
                if (context.Features.Get<Actor>() is not { } actor)
                    return CountAsync(limits, context, next);
                limits.Count(actor.SessionId != Guid.Empty ? actor.SessionId : actor.UserId);
                return next(context);
            }
        );
    }

    static async Task CountAsync(RequestLimits limits, HttpContext context, RequestDelegate next)
    {
        // The request has a token that is not valid; the handler returns the cached result.
        if (
            context.Request.Headers.ContainsKey(HeaderNames.Authorization)
            && context.User.Identity is not { IsAuthenticated: true }
        )
        {
            var failure = (await context.AuthenticateAsync()).Failure;
            if (failure is BadHttpRequestException tooMany)
                throw tooMany;
            if (!ProviderUnavailableException.IsCauseOf(failure))
                limits.CountUnknown(context);
        }
        await next(context);
    }
}
