using System.Collections.Concurrent;
using System.Net;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions;

/// <summary>
/// Rate limits of a replica: all requests per session, and requests with an invalid cookie or token per address, each
/// of which costs a query or a signature check. Valid sessions that share an address do not affect each other.
/// </summary>
public sealed class RequestLimits(IOptions<SessionsOptions> options, TimeProvider clock) : IDisposable
{
    const int SweepAfter = 4096;
    readonly PerMinuteLimiter<IPAddress> unknown = new(options.Value.UnknownPerMinute);

    // Not in the session cache, whose entries are dropped at every change of the session or user.
    readonly ConcurrentDictionary<Guid, RequestQuota> bySession = [];
    int added;

    /// <summary>Counts a request of a session, or of a user if the token has no session.</summary>
    /// <exception cref="BadHttpRequestException">429: the limit is exceeded.</exception>
    internal void Count(Guid session)
    {
        var now = clock.GetUtcNow();
        if (!bySession.TryGetValue(session, out var allowance))
            allowance = Add(session, now);
        if (!allowance.TryTake(now, options.Value.RequestsPerMinute))
            throw TooMany("This session has exceeded its limit of requests per minute.");
    }

    RequestQuota Add(Guid session, DateTimeOffset now)
    {
        if (Interlocked.Increment(ref added) % SweepAfter == 0)
            foreach (var known in bySession)
                if (known.Value.IsFull(now))
                    bySession.TryRemove(known);
        return bySession.GetOrAdd(session, static _ => new());
    }

    /// <summary>
    /// The refusal (429) if the address has sent too many invalid cookies and tokens, otherwise null. Call it before
    /// checking a cookie or token that is not cached.
    /// </summary>
    internal BadHttpRequestException? Refuse(HttpContext context) =>
        unknown.IsExhausted(context.Network())
            ? TooMany("This address has sent too many requests with an invalid session.")
            : null;

    /// <summary>Counts an invalid cookie or token.</summary>
    internal void CountUnknown(HttpContext context) => unknown.TryTake(context.Network());

    /// <inheritdoc/>
    public void Dispose() => unknown.Dispose();

    static BadHttpRequestException TooMany(string why) =>
        new($"{why} Wait a minute, then try again.", StatusCodes.Status429TooManyRequests);
}
