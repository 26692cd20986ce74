using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Lightning.Sessions.Gate;

/// <summary>
/// How often somebody may come to the gate: a session by its requests, an address by the tokens that lead nowhere. A token that is remembered comes through, however
/// many strangers knock from the same address.
/// </summary>
static class GateLimits
{
    /// <summary>Lets somebody in.</summary>
    public static void Admit(HttpContext context, Actor actor) => context.Features.Set(actor);

    /// <summary>Before the database is asked for a session that is not remembered; true where the address has brought too much that led nowhere.</summary>
    public static bool Refuse(TokenValidatedContext context)
    {
        if (context.HttpContext.RequestServices.GetRequiredService<RequestLimits>().Refuse(context.HttpContext) is not { } tooMany) return false;
        context.Fail(tooMany);
        return true;
    }

    /// <summary>Right after authentication.</summary>
    public static void UseGateLimits(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<RequestLimits>();
        app.Use((context, next) =>
        {
            if (context.Features.Get<Actor>() is not { } actor) return CountAsync(limits, context, next);
            limits.Count(actor.SessionId != Guid.Empty ? actor.SessionId : actor.UserId);
            return next(context);
        });
    }

    static async Task CountAsync(RequestLimits limits, HttpContext context, RequestDelegate next)
    {
        // A token was brought and is no good. What it is, the handler has found out already.
        if (context.Request.Headers.ContainsKey(HeaderNames.Authorization) && context.User.Identity is not { IsAuthenticated: true })
        {
            var failure = (await context.AuthenticateAsync()).Failure;
            if (failure is BadHttpRequestException tooMany) throw tooMany;
            if (!ProviderUnavailableException.IsCauseOf(failure)) limits.CountUnknown(context);
        }
        await next(context);
    }
}
