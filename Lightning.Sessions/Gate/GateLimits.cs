using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Lightning.Sessions.Gate;

/// <summary>
/// How often somebody may come to the gate: a session by its requests, an address by the tokens that lead nowhere. Whoever is known comes through, however many
/// strangers knock from the same address.
/// </summary>
static class GateLimits
{
    /// <summary>Lets somebody in, and says whose allowance the request is taken from.</summary>
    public static void Admit(HttpContext context, Actor actor, Allowance requests)
    {
        context.Features.Set(actor);
        context.Features.Set(requests);
    }

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
            if (context.Features.Get<Allowance>() is not { } own) return CountAsync(limits, context, next);
            limits.Count(own);
            return next(context);
        });
    }

    static async Task CountAsync(RequestLimits limits, HttpContext context, RequestDelegate next)
    {
        // A token was brought and is no good. What it is, the handler has found out already.
        if (context.Request.Headers.ContainsKey(HeaderNames.Authorization) && context.User.Identity is not { IsAuthenticated: true })
        {
            if ((await context.AuthenticateAsync()).Failure is BadHttpRequestException tooMany) throw tooMany;
            limits.CountUnknown(context);
        }
        await next(context);
    }
}
