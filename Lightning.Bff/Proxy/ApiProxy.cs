using System.Collections.Frozen;
using System.Diagnostics;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.Metadata;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Lightning.Bff.Proxy;

/// <summary>Passes what <c>ReverseProxy</c> lists on to the services behind: the cookie stays here, the session's access token goes along.</summary>
static class ApiProxy
{
    /// <summary>What a client may not tell a service: who it is, whence it comes, what was checked. (RFC 9700, 4.13.)</summary>
    static readonly FrozenSet<string> Private =
        new[] { "Cookie", "X-CSRF", "Authorization", "Proxy-Authorization", "DPoP", "Forwarded", "X-Real-IP" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    static readonly string[] PrivatePrefixes = ["X-Forwarded-", "X-User-", "X-Original-"];

    public static void AddApiProxy(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ProxySettings>().AddSingleton<ProxiedSessions>().AddSingleton<UnansweredRequests>();
        builder.Services.AddServiceDiscovery();
        builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddServiceDiscoveryDestinationResolver().AddConfigFilter<ProxySettings>().AddTransforms(AddTransforms)
            // The client would make a span of every call, sampled or not, beside the proxy's own: the header is enough.
            .ConfigureHttpClient((_, handler) => handler.ActivityHeadersPropagator = null)
            .AddTransforms(transforms => transforms.AddRequestTransform(PassTraceOn));
    }

    public static void MapApiProxy(this WebApplication app)
    {
        // Asked for here, because YARP would say it in a nest of exceptions.
        app.Services.GetRequiredService<ProxySettings>().Check(app.Services.GetServices<IProxyConfigProvider>().Select(provider => provider.GetConfig()));
        var sessions = app.Services.GetRequiredService<ProxiedSessions>();
        app.MapReverseProxy(proxy =>
        {
            proxy.Use(sessions.InvokeAsync);
            proxy.UseLoadBalancing();
        }).WithMetadata(new ExplainsItself());
    }

    static void AddTransforms(TransformBuilderContext context)
    {
        context.UseDefaultForwarders = false;
        context.AddRequestTransform(transform =>
        {
            var (http, headers) = (transform.HttpContext, transform.ProxyRequest.Headers);
            foreach (var (name, _) in http.Request.Headers)
                if (IsPrivate(name)) headers.Remove(name);
            if (http.Features.Get<Passage>() is { } passage) headers.TryAddWithoutValidation("Authorization", passage.Token.Authorization);
            headers.TryAddWithoutValidation("X-Forwarded-For", http.Connection.RemoteIpAddress?.ToString());
            headers.TryAddWithoutValidation("X-Forwarded-Proto", http.Request.Scheme);
            headers.TryAddWithoutValidation("X-Forwarded-Host", http.Request.Host.Value);
            return ValueTask.CompletedTask;
        });
        // A service behind sets no cookie on this origin.
        context.AddResponseHeaderRemove("Set-Cookie", ResponseCondition.Always);
        var sessions = context.Services.GetRequiredService<ProxiedSessions>();
        context.AddResponseTransform(transform => transform.ProxyResponse is { } answer && transform.HttpContext.Features.Get<Passage>() is { } passage
            ? sessions.ReceiveAsync(transform, answer, passage) : ValueTask.CompletedTask);
    }

    static ValueTask PassTraceOn(RequestTransformContext transform)
    {
        if (Activity.Current?.Id is { } trace)
        {
            transform.ProxyRequest.Headers.Remove("traceparent");
            transform.ProxyRequest.Headers.TryAddWithoutValidation("traceparent", trace);
        }
        return ValueTask.CompletedTask;
    }

    static bool IsPrivate(string name) =>
        Private.Contains(name) || Array.Exists(PrivatePrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>What the proxy refuses, <see cref="ProxiedSessions"/> explains.</summary>
    sealed class ExplainsItself : ISkipStatusCodePagesMetadata;
}
