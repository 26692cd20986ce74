using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Feed;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// Finds the session of a request by its cookie, in the cache or the database. A singleton, so that the proxy can use
/// it without a service scope and an authentication handler per request.
/// </summary>
public sealed class SessionResolver(
    SessionCookie cookie,
    WebSessionCache cache,
    LastSeenWriter lastSeen,
    RequestLimits limits,
    TimeProvider clock,
    IOptionsMonitor<WebSessionOptions> options
)
{
    static readonly TimeSpan RereadAfter = TimeSpan.FromMinutes(5);

    readonly Func<HttpRequest, bool> slides = options.Get(Schemes.Session).Slides;

    /// <summary>
    /// The active session of the request's cookie; null if there is none. Marks the session as used and the response as
    /// not cacheable.
    /// </summary>
    /// <exception cref="BadHttpRequestException">429: too many requests of the session or the
    /// address.</exception>
    /// <exception cref="System.Data.Common.DbException">The session is not cached and the database is
    /// unavailable.</exception>
    public ValueTask<LiveSession?> FindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (cookie.ReadHash(context.Request) is not { } hash)
            return default;
        // The fast path of most requests: cached, and the request counts as use.
        return cache.TryGet(hash) is { } session && slides(context.Request)
            ? new(MarkUsed(context, session))
            : ReadAsync(context, hash);
    }

    async ValueTask<LiveSession?> ReadAsync(HttpContext context, CookieHash hash)
    {
        if (cache.TryGet(hash) is not { } session)
        {
            if (limits.Refuse(context) is { } tooMany)
                throw tooMany;
            if (await cache.FindAsync(hash, context.RequestAborted) is not { } read)
            {
                limits.CountUnknown(context);
                return null;
            }
            session = read;
        }
        if (slides(context.Request))
            return MarkUsed(context, session);
        // The response may show the session's last use, and other replicas may have a newer one.
        var now = clock.GetUtcNow();
        return now - session.LastSeenAt < LastSeenWriter.Precision || now - session.ReadAt < RereadAfter
                ? Accept(context, session)
            : await cache.RefreshAsync(hash, context.RequestAborted) is { } fresh ? Accept(context, fresh)
            : null;
    }

    LiveSession MarkUsed(HttpContext context, LiveSession session)
    {
        lastSeen.MarkUsed(session);
        return Accept(context, session);
    }

    LiveSession Accept(HttpContext context, LiveSession session)
    {
        limits.Count(session.Id);
        context.Features.Set(session);
        // Responses with user data must not be cached (ASVS 5.0, 14.3.2), whatever the endpoint has set.
        context.Response.OnStarting(
            static response =>
            {
                ((HttpResponse)response).Headers.CacheControl = "no-store";
                return Task.CompletedTask;
            },
            context.Response
        );
        return session;
    }
}
