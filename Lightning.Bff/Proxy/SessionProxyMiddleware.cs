using System.Collections.Frozen;
using System.Net;
using System.Runtime.ExceptionServices;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Refresh;
using Lightning.Sessions.Cookies.Streams;
using Lightning.Sessions.Cookies.WebSessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;
using Schemes = Lightning.Sessions.Cookies.Provider.Schemes;

namespace Lightning.Bff.Proxy;

/// <summary>
/// Authenticates requests of <see cref="RouteSecurity.Session"/> routes and adds the session's access token. A
/// singleton in the proxy's pipeline: ASP.NET Core's authentication and authorization, with a service scope per
/// request, would cost a fifth of the proxying itself.
/// </summary>
sealed class SessionProxyMiddleware(
    SessionResolver sessions,
    AccessTokens tokens,
    SessionStreams streams,
    IProblemDetailsService problems,
    UnansweredRequests unanswered
)
{
    /// <summary>The methods that may be retried (RFC 9110, 9.2.2).</summary>
    static readonly FrozenSet<string> Idempotent = new[] { "GET", "HEAD", "OPTIONS", "PUT", "DELETE" }.ToFrozenSet(
        StringComparer.Ordinal
    );

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.GetReverseProxyFeature().Route.Config.Security() != RouteSecurity.Session)
        {
            await next(context);
            await WriteProblemAsync(context);
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
            await (
                token.Status == AccessTokenStatus.SessionEnded
                    ? context.ChallengeAsync(Schemes.Session)
                    : Problem.ProviderUnavailable.WriteAsync(
                        context,
                        "You are still signed in, and nothing was changed. Try again in a few seconds."
                    )
            );
            return;
        }
        using var state = new ProxyRequestState(session, token);
        context.Features.Set(state);
        if (IsWebSocket(context))
            state.Stream = await streams.OpenAsync(context);
        await next(context);
        if (state.ShouldRetry)
        {
            context.Response.Clear();
            await next(context);
        }
        state.Refusal?.Throw();
        await WriteProblemAsync(context);
    }

    /// <summary>
    /// Handles the service's response: registers an event stream to be aborted when the session ends, and renews a
    /// rejected token once.
    /// </summary>
    public ValueTask ReceiveAsync(
        ResponseTransformContext transform,
        HttpResponseMessage answer,
        ProxyRequestState state
    )
    {
        var isEvents =
            answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type)
            && type.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
        return isEvents || answer.StatusCode == HttpStatusCode.Unauthorized
            ? ReceiveAsync(transform, answer, state, isEvents)
            : ValueTask.CompletedTask;
    }

    async ValueTask ReceiveAsync(
        ResponseTransformContext transform,
        HttpResponseMessage answer,
        ProxyRequestState state,
        bool isEvents
    )
    {
        var context = transform.HttpContext;
        if (isEvents && !await TryOpenAsync(context, state))
        {
            transform.SuppressResponseBody = true;
            return;
        }
        state.ShouldRetry =
            !state.ShouldRetry
            && IsTokenRejected(answer)
            && CanRetry(context)
            && await TryRenewAsync(state, context.RequestAborted);
        if (state.ShouldRetry)
            transform.SuppressResponseBody = true;
        // Send the headers at once; the proxy would wait for the first event.
        else if (isEvents)
            await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>
    /// Registers the stream; false if the session has too many. An exception here would become the proxy's own 502.
    /// </summary>
    async Task<bool> TryOpenAsync(HttpContext context, ProxyRequestState state)
    {
        try
        {
            state.Stream ??= await streams.OpenAsync(context);
            return true;
        }
        catch (BadHttpRequestException ex)
        {
            state.Refusal = ExceptionDispatchInfo.Capture(ex);
            return false;
        }
    }

    async Task<bool> TryRenewAsync(ProxyRequestState state, CancellationToken cancellationToken)
    {
        var renewed = await tokens.RenewAsync(state.Session, cancellationToken);
        if (renewed is not { Status: AccessTokenStatus.Available })
            return false;
        state.Token = renewed;
        return true;
    }

    /// <summary>
    /// Whether the service rejected the token as invalid (RFC 6750, 3.1). Any other refusal goes to the client.
    /// </summary>
    static bool IsTokenRejected(HttpResponseMessage answer) =>
        answer.StatusCode == HttpStatusCode.Unauthorized
        && answer.Headers.WwwAuthenticate.Any(challenge =>
            challenge.Scheme == "Bearer"
            && challenge.Parameter?.Contains("invalid_token", StringComparison.Ordinal) == true
        );

    static bool CanRetry(HttpContext context) =>
        Idempotent.Contains(context.Request.Method)
        && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true }
        && !IsWebSocket(context);

    static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>Adds problem details to an error without a body, such as the proxy's own 502.</summary>
    Task WriteProblemAsync(HttpContext context)
    {
        unanswered.Report(context);
        return
            context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null or "" }
            ? problems
                .TryWriteAsync(
                    new() { HttpContext = context, ProblemDetails = { Status = context.Response.StatusCode } }
                )
                .AsTask()
            : Task.CompletedTask;
    }
}

/// <summary>The state of a proxied request.</summary>
sealed class ProxyRequestState(LiveSession session, AccessTokenResult token) : IDisposable
{
    public LiveSession Session => session;

    public AccessTokenResult Token { get; set; } = token;

    public IDisposable? Stream { get; set; }

    public bool ShouldRetry { get; set; }

    /// <summary>Why the service's response is not passed on; null if it is.</summary>
    public ExceptionDispatchInfo? Refusal { get; set; }

    public void Dispose() => Stream?.Dispose();
}
