using System.Collections.Frozen;
using System.Net;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Refresh;
using Lightning.Sessions.Streams;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;
using Schemes = Lightning.Sessions.RelyingParties.Schemes;

namespace Lightning.Bff.Proxy;

/// <summary>
/// Asks every request of a <see cref="RouteSecurity.Session"/> route for its session, and sends it on with the session's access token. It stands in
/// the proxy's own pipeline and asks for all it needs once: a proxied request is most of what this service does, and ASP.NET's authentication and
/// authorization, with a scope of services for each request, cost as much as a fifth of the proxying itself.
/// </summary>
sealed class ProxiedSessions(
    RequestSessions sessions, AccessTokens tokens, SessionStreams streams, IProblemDetailsService problems, UnansweredRequests unanswered)
{
    /// <summary>What may be sent twice (RFC 9110, 9.2.2).</summary>
    static readonly FrozenSet<string> Idempotent = new[] { "GET", "HEAD", "OPTIONS", "PUT", "DELETE" }.ToFrozenSet(StringComparer.Ordinal);

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetReverseProxyFeature().Route.Config.Security() != RouteSecurity.Session)
        {
            await next(context);
            await ExplainAsync(context);
            return;
        }
        if (await sessions.FindAsync(context) is not { } session)
        {
            await context.ChallengeAsync(Schemes.Session);
            return;
        }
        var token = await tokens.GetAsync(session, context.RequestAborted);
        if (token.Status != AccessTokenStatus.Available)
        {
            await (token.Status == AccessTokenStatus.SessionEnded ? context.ChallengeAsync(Schemes.Session) : Problem.ProviderUnavailable.WriteAsync(context, "You are still signed in, and nothing was changed. Try again in a few seconds."));
            return;
        }
        using var passage = new Passage(session, token);
        context.Features.Set(passage);
        if (IsWebSocket(context)) passage.Stream = await streams.OpenAsync(context);
        await next(context);
        if (passage.IsToBeRepeated)
        {
            context.Response.Clear();
            await next(context);
        }
        await ExplainAsync(context);
    }

    /// <summary>Looks at what came back: an answer that goes on is cut when the session ends, and a refused token is replaced once.</summary>
    public ValueTask ReceiveAsync(ResponseTransformContext transform, HttpResponseMessage answer, Passage passage)
    {
        var isEvents = answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) && type.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
        return isEvents || answer.StatusCode == HttpStatusCode.Unauthorized ? ReceiveAsync(transform, answer, passage, isEvents) : ValueTask.CompletedTask;
    }

    async ValueTask ReceiveAsync(ResponseTransformContext transform, HttpResponseMessage answer, Passage passage, bool isEvents)
    {
        var context = transform.HttpContext;
        if (isEvents) passage.Stream ??= await streams.OpenAsync(context);
        passage.IsToBeRepeated = !passage.IsToBeRepeated && IsTokenRefused(answer) && MayRepeat(context)
            && await tokens.RenewAsync(passage.Session, context.RequestAborted) is { Status: AccessTokenStatus.Available } renewed
            && passage.Take(renewed);
        if (passage.IsToBeRepeated) transform.SuppressResponseBody = true;
        // A stream that has nothing to tell yet is open all the same; the proxy would wait for its first event.
        else if (isEvents) await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>The service says that the token is no longer good (RFC 6750, 3.1), though by this clock it is; any other refusal is the caller's to see.</summary>
    static bool IsTokenRefused(HttpResponseMessage answer) => answer.StatusCode == HttpStatusCode.Unauthorized
        && answer.Headers.WwwAuthenticate.Any(challenge => challenge.Scheme == "Bearer" && challenge.Parameter?.Contains("invalid_token", StringComparison.Ordinal) == true);

    static bool MayRepeat(HttpContext context) =>
        Idempotent.Contains(context.Request.Method) && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true } && !IsWebSocket(context);

    static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>A refusal without a word, such as the proxy's own 502, gets its problem details.</summary>
    Task ExplainAsync(HttpContext context)
    {
        unanswered.Report(context);
        return context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null or "" }
            ? problems.TryWriteAsync(new() { HttpContext = context, ProblemDetails = { Status = context.Response.StatusCode } }).AsTask()
            : Task.CompletedTask;
    }
}

/// <summary>One request on its way through, with its session.</summary>
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
