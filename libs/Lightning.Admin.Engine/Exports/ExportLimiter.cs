using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Engine.Exports;

/// <summary>Limits concurrent exports, because each holds a database connection while the client reads it.</summary>
sealed class ExportLimiter(IOptions<AdminOptions> options) : IDisposable
{
    /// <summary>The maximum number per session.</summary>
    public const int PerSession = 2;
    readonly ConcurrencyLimiter all = new(new ConcurrencyLimiterOptions { PermitLimit = options.Value.Exports });
    readonly PartitionedRateLimiter<Guid> bySession = PartitionedRateLimiter.Create<Guid, Guid>(session =>
        RateLimitPartition.GetConcurrencyLimiter(
            session,
            _ => new ConcurrencyLimiterOptions { PermitLimit = PerSession }
        )
    );

    /// <summary>Acquires a slot, released on dispose; null if the session or the site has reached its limit.</summary>
    /// <param name="session">The session's id.</param>
    /// <param name="isOwn">Whether the session's own limit is reached.</param>
    public IDisposable? TryAcquire(Guid session, out bool isOwn)
    {
        var own = bySession.AttemptAcquire(session);
        isOwn = !own.IsAcquired;
        if (!isOwn && all.AttemptAcquire() is { IsAcquired: true } any)
            return new Slot(own, any);
        own.Dispose();
        return null;
    }

    public void Dispose()
    {
        bySession.Dispose();
        all.Dispose();
    }

    sealed class Slot(RateLimitLease own, RateLimitLease any) : IDisposable
    {
        public void Dispose()
        {
            any.Dispose();
            own.Dispose();
        }
    }
}
