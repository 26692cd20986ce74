using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.WebSessions;

/// <summary>
/// Finds the session of a request by its cookie, in the database or in what is remembered of it while the feed is alive. One for the application:
/// a request that goes straight through a proxy asks it directly, and needs neither a scope of services nor an authentication handler of its own.
/// </summary>
public sealed class RequestSessions
{
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromMinutes(5);

    readonly SessionCookie cookie;
    readonly WebSessionMemory memory;
    readonly LastSeen lastSeen;
    readonly RequestLimits limits;
    readonly TimeProvider clock;
    readonly Func<HttpRequest, bool> slides;

    RequestSessions(IServiceProvider services)
    {
        cookie = services.GetRequiredService<SessionCookie>();
        memory = services.GetRequiredService<WebSessionMemory>();
        lastSeen = services.GetRequiredService<LastSeen>();
        limits = services.GetRequiredService<RequestLimits>();
        clock = services.GetRequiredService<TimeProvider>();
        slides = services.GetRequiredService<IOptionsMonitor<WebSessionOptions>>().Get(Schemes.Session).Slides;
    }

    internal static RequestSessions Create(IServiceProvider services) => new(services);

    /// <summary>The living session that the request's cookie belongs to, or null; notes its use, and that its answer is for no cache.</summary>
    /// <exception cref="BadHttpRequestException">429: the session or the address has made too many requests.</exception>
    /// <exception cref="System.Data.Common.DbException">It had to be read and the database does not answer.</exception>
    public ValueTask<LiveSession?> FindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (cookie.ReadHash(context.Request) is not { } hash) return default;
        // Most requests by far: the session is remembered, and the request uses it.
        return memory.TryRecall(hash) is { } session && slides(context.Request) ? new(Use(context, session)) : ReadAsync(context, hash);
    }

    async ValueTask<LiveSession?> ReadAsync(HttpContext context, CookieHash hash)
    {
        if (memory.TryRecall(hash) is not { } session)
        {
            if (limits.Refuse(context) is { } tooMany) throw tooMany;
            if (await memory.FindAsync(hash, context.RequestAborted) is not { } read)
            {
                limits.CountUnknown(context);
                return null;
            }
            session = read;
        }
        if (slides(context.Request)) return Use(context, session);
        // Whoever only looks is told how it stands, and other replicas may have seen the session since.
        var now = clock.GetUtcNow();
        return now - session.LastSeenAt < LastSeen.Interval || now - session.ReadAt < LookAgainAfter ? Show(context, session)
            : await memory.RefreshAsync(hash, context.RequestAborted) is { } fresh ? Show(context, fresh) : null;
    }

    LiveSession Use(HttpContext context, LiveSession session)
    {
        lastSeen.Note(session);
        return Show(context, session);
    }

    LiveSession Show(HttpContext context, LiveSession session)
    {
        limits.Count(session.Id);
        context.Features.Set(session);
        // What one person may see is kept by no cache (ASVS 5.0, 14.3.2), whatever an endpoint or the API said.
        context.Response.OnStarting(static response =>
        {
            ((HttpResponse)response).Headers.CacheControl = "no-store";
            return Task.CompletedTask;
        }, context.Response);
        return session;
    }
}
