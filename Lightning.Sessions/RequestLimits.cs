using System.Collections.Concurrent;
using System.Net;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions;

/// <summary>
/// What one session and one address may ask of a replica, be it a relying party's or an API's. A session has its requests counted; an address only those cookies and
/// tokens that lead nowhere, each of which cost a look into the database or at a signature: people who share an address are in nobody's way.
/// </summary>
sealed class RequestLimits(IOptions<SessionsOptions> options, TimeProvider clock) : IDisposable
{
    const int SweepAfter = 4096;
    readonly MinuteLimit<IPAddress> unknown = new(options.Value.UnknownPerMinute);

    // Not beside what is remembered of the session, which any change of it or of its user makes forgotten.
    readonly ConcurrentDictionary<Guid, Allowance> bySession = [];
    int added;

    /// <summary>Counts a request of a session, or of a person where the token names no session.</summary>
    /// <exception cref="BadHttpRequestException">429: there were too many.</exception>
    public void Count(Guid session)
    {
        var now = clock.GetUtcNow();
        if (!bySession.TryGetValue(session, out var allowance)) allowance = Add(session, now);
        if (!allowance.TryTake(now, options.Value.RequestsPerMinute)) throw TooMany("This session has made more requests than the service takes in a minute.");
    }

    Allowance Add(Guid session, DateTimeOffset now)
    {
        if (Interlocked.Increment(ref added) % SweepAfter == 0)
            foreach (var known in bySession)
                if (known.Value.IsFull(now)) bySession.TryRemove(known);
        return bySession.GetOrAdd(session, static _ => new());
    }

    /// <summary>Before a cookie or token that is not remembered is looked at: a refusal (429) where too many that came from this address led nowhere, else null.</summary>
    public BadHttpRequestException? Refuse(HttpContext context) =>
        unknown.IsSpent(context.Network()) ? TooMany("Too many requests from this address bring a session that does not exist.") : null;

    /// <summary>Counts a cookie or token that led nowhere.</summary>
    public void CountUnknown(HttpContext context) => unknown.TryTake(context.Network());

    public void Dispose() => unknown.Dispose();

    static BadHttpRequestException TooMany(string why) => new($"{why} Wait a minute, then try again.", StatusCodes.Status429TooManyRequests);
}
