using System.Net.Http.Headers;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Refresh;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authentication;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;
using Schemes = Lightning.Sessions.RelyingParties.Schemes;

namespace Lightning.Bff.Proxy;

/// <summary>Passes what <c>ReverseProxy</c> lists on to the services behind: the cookie stays here, the session's access token goes along.</summary>
static class ApiProxy
{
    static readonly object TokenItem = new();

    /// <summary>What a client may not tell a service: who it is, whence it comes, what was checked. (RFC 9700, 4.13.)</summary>
    static readonly string[] Private = ["Cookie", "X-CSRF", "Authorization", "Proxy-Authorization", "DPoP", "Forwarded", "X-Real-IP"];
    static readonly string[] PrivatePrefixes = ["X-Forwarded-", "X-User-", "X-Original-"];

    public static void AddApiProxy(this WebApplicationBuilder builder)
    {
        builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddConfigFilter<RouteSecurityFilter>().AddTransforms(AddTransforms);
    }

    public static void MapApiProxy(this WebApplication app)
    {
        // YARP would say the same in a nest of exceptions.
        foreach (var route in app.Services.GetServices<IProxyConfigProvider>().SelectMany(provider => provider.GetConfig().Routes)) route.Security();
        app.MapReverseProxy(proxy =>
        {
            proxy.Use(AttachTokenAsync);
            proxy.UseLoadBalancing();
        });
    }

    static async Task AttachTokenAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetReverseProxyFeature().Route.Config.Security() == RouteSecurity.Session)
        {
            var token = await context.RequestServices.GetRequiredService<AccessTokens>().GetAsync(context.LiveSession()!, context.RequestAborted);
            switch (token.Status)
            {
                case AccessTokenStatus.Available:
                    context.Items[TokenItem] = token.Token;
                    break;
                case AccessTokenStatus.SessionEnded:
                    await context.ChallengeAsync(Schemes.Session);
                    return;
                default:
                    await WriteUnavailableAsync(context);
                    return;
            }
        }
        await next(context);
    }

    static async Task WriteUnavailableAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = "5";
        await context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = context,
            ProblemDetails =
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Type = Problems.Type("provider-unavailable"),
                Title = "The sign-in service does not answer.",
                Detail = "You are still signed in, and nothing was changed. Try again in a few seconds.",
            },
        });
    }

    static void AddTransforms(TransformBuilderContext context)
    {
        context.UseDefaultForwarders = false;
        context.AddRequestTransform(transform =>
        {
            var request = transform.ProxyRequest;
            foreach (var name in request.Headers.Select(header => header.Key).Where(IsPrivate).ToArray()) request.Headers.Remove(name);
            if (transform.HttpContext.Items[TokenItem] is string token) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", transform.HttpContext.Connection.RemoteIpAddress?.ToString());
            request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", transform.HttpContext.Request.Scheme);
            request.Headers.TryAddWithoutValidation("X-Forwarded-Host", transform.HttpContext.Request.Host.Value);
            return ValueTask.CompletedTask;
        });
        // A service behind sets no cookie on this origin.
        context.AddResponseHeaderRemove("Set-Cookie", ResponseCondition.Always);
    }

    static bool IsPrivate(string name) =>
        Private.Contains(name, StringComparer.OrdinalIgnoreCase) || Array.Exists(PrivatePrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
