using System.Collections.Frozen;
using System.Net;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Refresh;
using Lightning.Sessions.Streams;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;
using Schemes = Lightning.Sessions.RelyingParties.Schemes;

namespace Lightning.Bff.Proxy;

/// <summary>Passes what <c>ReverseProxy</c> lists on to the services behind: the cookie stays here, the session's access token goes along.</summary>
static class ApiProxy
{
    /// <summary>What a client may not tell a service: who it is, whence it comes, what was checked. (RFC 9700, 4.13.)</summary>
    static readonly FrozenSet<string> Private =
        new[] { "Cookie", "X-CSRF", "Authorization", "Proxy-Authorization", "DPoP", "Forwarded", "X-Real-IP" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    static readonly string[] PrivatePrefixes = ["X-Forwarded-", "X-User-", "X-Original-"];

    /// <summary>What may be sent twice (RFC 9110, 9.2.2).</summary>
    static readonly FrozenSet<string> Idempotent = new[] { "GET", "HEAD", "OPTIONS", "PUT", "DELETE" }.ToFrozenSet(StringComparer.Ordinal);

    public static void AddApiProxy(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ProxySettings>();
        builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddConfigFilter<ProxySettings>().AddTransforms(AddTransforms);
    }

    public static void MapApiProxy(this WebApplication app)
    {
        // Asked for here, because YARP would say it in a nest of exceptions.
        app.Services.GetRequiredService<ProxySettings>().Check(app.Services.GetServices<IProxyConfigProvider>().Select(provider => provider.GetConfig()));
        app.MapReverseProxy(proxy =>
        {
            proxy.Use(AttachTokenAsync);
            proxy.UseLoadBalancing();
        });
    }

    static async Task AttachTokenAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetReverseProxyFeature().Route.Config.Security() != RouteSecurity.Session)
        {
            await next(context);
            return;
        }
        var session = context.LiveSession()!;
        var token = await context.RequestServices.GetRequiredService<AccessTokens>().GetAsync(session, context.RequestAborted);
        if (token.Status != AccessTokenStatus.Available)
        {
            await (token.Status == AccessTokenStatus.SessionEnded ? context.ChallengeAsync(Schemes.Session) : WriteUnavailableAsync(context));
            return;
        }
        using var passage = new Passage(session, token);
        context.Features.Set(passage);
        if (IsWebSocket(context)) passage.Stream = await context.RequestServices.GetRequiredService<SessionStreams>().OpenAsync(context);
        await next(context);
        if (!passage.IsToBeRepeated) return;
        context.Response.Clear();
        await next(context);
    }

    static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

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
        context.AddResponseTransform(transform => transform.ProxyResponse is { } answer && transform.HttpContext.Features.Get<Passage>() is { } passage
            ? Receive(transform, answer, passage) : ValueTask.CompletedTask);
    }

    static ValueTask Receive(ResponseTransformContext transform, HttpResponseMessage answer, Passage passage)
    {
        var isEvents = answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) && type.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
        return isEvents || answer.StatusCode == HttpStatusCode.Unauthorized ? ReceiveAsync(transform, answer, passage, isEvents) : ValueTask.CompletedTask;
    }

    static async ValueTask ReceiveAsync(ResponseTransformContext transform, HttpResponseMessage answer, Passage passage, bool isEvents)
    {
        var http = transform.HttpContext;
        if (isEvents)
            passage.Stream ??= await http.RequestServices.GetRequiredService<SessionStreams>().OpenAsync(http);
        passage.IsToBeRepeated = !passage.IsToBeRepeated && IsTokenRefused(answer) && MayRepeat(http)
            && await http.RequestServices.GetRequiredService<AccessTokens>().RenewAsync(passage.Session, http.RequestAborted) is { Status: AccessTokenStatus.Available } renewed
            && passage.Take(renewed);
        if (passage.IsToBeRepeated) transform.SuppressResponseBody = true;
    }

    /// <summary>The service says that the token is no longer good (RFC 6750, 3.1), though by this clock it is; any other refusal is the caller's to see.</summary>
    static bool IsTokenRefused(HttpResponseMessage answer) => answer.StatusCode == HttpStatusCode.Unauthorized
        && answer.Headers.WwwAuthenticate.Any(challenge => challenge.Scheme == "Bearer" && challenge.Parameter?.Contains("invalid_token", StringComparison.Ordinal) == true);

    static bool MayRepeat(HttpContext context) =>
        Idempotent.Contains(context.Request.Method) && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true } && !IsWebSocket(context);

    static bool IsPrivate(string name) =>
        Private.Contains(name) || Array.Exists(PrivatePrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>One request on its way through.</summary>
    sealed class Passage(LiveSession session, AccessTokenResult token) : IDisposable
    {
        public LiveSession Session => session;

        public AccessTokenResult Token { get; private set; } = token;

        public IDisposable? Stream { get; set; }

        public bool IsToBeRepeated { get; set; }

        public bool Take(AccessTokenResult renewed)
        {
            Token = renewed;
            return true;
        }

        public void Dispose() => Stream?.Dispose();
    }
}
