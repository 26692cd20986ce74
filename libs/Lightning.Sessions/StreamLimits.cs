using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions;

/// <summary>
/// Limits how many responses a session and a user may hold open, such as server-sent events and WebSockets. Counts
/// within this process only.
/// </summary>
public sealed class StreamLimits(IOptions<SessionsOptions> options) : IDisposable
{
    readonly PartitionedRateLimiter<Guid> bySession = Create(options.Value.StreamsPerSession);
    readonly PartitionedRateLimiter<Guid> byUser = Create(options.Value.StreamsPerUser);

    /// <summary>Counts an open response. Dispose the result when the response ends.</summary>
    /// <param name="session">The session; null if the token has none.</param>
    /// <param name="user">The session's user.</param>
    /// <exception cref="BadHttpRequestException">429: the session or the user has reached the limit.</exception>
    internal IDisposable Open(Guid? session, Guid user)
    {
        var own = session is { } id ? bySession.AttemptAcquire(id) : null;
        if (own is { IsAcquired: false })
            throw TooMany("session");
        var all = byUser.AttemptAcquire(user);
        if (all.IsAcquired)
            return new Slot(own, all);
        own?.Dispose();
        throw TooMany("user");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        bySession.Dispose();
        byUser.Dispose();
    }

    static PartitionedRateLimiter<Guid> Create(int limit) =>
        PartitionedRateLimiter.Create<Guid, Guid>(key =>
            RateLimitPartition.GetConcurrencyLimiter(key, _ => new() { PermitLimit = limit })
        );

    static BadHttpRequestException TooMany(string owner) =>
        new(
            $"This {owner} has reached its limit of open streams. Close one, or try again in a minute.",
            StatusCodes.Status429TooManyRequests
        );

    sealed class Slot(RateLimitLease? own, RateLimitLease all) : IDisposable
    {
        public void Dispose()
        {
            own?.Dispose();
            all.Dispose();
        }
    }
}
