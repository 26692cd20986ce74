using System.Collections.Frozen;
using System.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Lightning.Bff.Proxy;

/// <summary>
/// Forwards the routes of <c>ReverseProxy</c> with the session's access token instead of the cookie.
/// </summary>
static class ApiProxy
{
    /// <summary>
    /// Headers that a client must not pass to a service: credentials, and facts that only a proxy may state (RFC 9700,
    /// 4.13).
    /// </summary>
    static readonly FrozenSet<string> StrippedHeaders = new[]
    {
        "Cookie",
        "X-CSRF",
        "Authorization",
        "Proxy-Authorization",
        "DPoP",
        "Forwarded",
        "X-Real-IP",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    static readonly string[] StrippedPrefixes = ["X-Forwarded-", "X-User-", "X-Original-"];

    public static void AddApiProxy(this WebApplicationBuilder builder)
    {
        builder
            .Services.AddSingleton<ProxyConfigValidator>()
            .AddSingleton<SessionProxyMiddleware>()
            .AddSingleton<UnansweredRequests>();
        builder.Services.AddServiceDiscovery();
        builder
            .Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddServiceDiscoveryDestinationResolver()
            .AddConfigFilter<ProxyConfigValidator>()
            .AddTransforms(AddTransforms)
            // The HTTP client would create a second span per call; the header alone is enough.
            .ConfigureHttpClient((_, handler) => handler.ActivityHeadersPropagator = null);
    }

    public static void MapApiProxy(this WebApplication app)
    {
        // Validated here, because YARP wraps configuration errors in nested exceptions.
        app.Services.GetRequiredService<ProxyConfigValidator>()
            .Validate(app.Services.GetServices<IProxyConfigProvider>().Select(provider => provider.GetConfig()));
        var sessions = app.Services.GetRequiredService<SessionProxyMiddleware>();
        app.MapReverseProxy(proxy =>
            {
                proxy.Use(sessions.InvokeAsync);
                proxy.UseLoadBalancing();
            })
            .WithMetadata(new SkipStatusCodePages());
    }

    static void AddTransforms(TransformBuilderContext context)
    {
        context.UseDefaultForwarders = false;
        context.AddRequestTransform(transform =>
        {
            var http = transform.HttpContext;
            var headers = transform.ProxyRequest.Headers;
            foreach (var (name, _) in http.Request.Headers)
                if (IsStripped(name))
                    headers.Remove(name);
            if (http.Features.Get<ProxyRequestState>() is { } state)
                headers.TryAddWithoutValidation("Authorization", state.Token.Authorization);
            headers.TryAddWithoutValidation("X-Forwarded-For", http.Connection.RemoteIpAddress?.ToString());
            headers.TryAddWithoutValidation("X-Forwarded-Proto", http.Request.Scheme);
            headers.TryAddWithoutValidation("X-Forwarded-Host", http.Request.Host.Value);
            if (Activity.Current?.Id is { } trace)
            {
                headers.Remove("traceparent");
                headers.TryAddWithoutValidation("traceparent", trace);
            }
            return ValueTask.CompletedTask;
        });
        // A service must not set cookies on this origin.
        context.AddResponseHeaderRemove("Set-Cookie", ResponseCondition.Always);
        var sessions = context.Services.GetRequiredService<SessionProxyMiddleware>();
        context.AddResponseTransform(transform =>
            transform.ProxyResponse is { } answer
            && transform.HttpContext.Features.Get<ProxyRequestState>() is { } state
                ? sessions.ReceiveAsync(transform, answer, state)
                : ValueTask.CompletedTask
        );
    }

    static bool IsStripped(string name) =>
        StrippedHeaders.Contains(name)
        || Array.Exists(StrippedPrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary><see cref="SessionProxyMiddleware"/> writes the problem details itself.</summary>
    sealed class SkipStatusCodePages : ISkipStatusCodePagesMetadata;
}
