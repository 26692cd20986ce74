using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Exports;

/// <summary>How many exports may be under way: each holds a connection to the database for as long as somebody reads it.</summary>
sealed class ExportSlots(IOptions<AdminOptions> options) : IDisposable
{
    /// <summary>The most of one session.</summary>
    public const int PerSession = 2;
    readonly ConcurrencyLimiter all = new(new ConcurrencyLimiterOptions { PermitLimit = options.Value.Exports });
    readonly PartitionedRateLimiter<Guid> bySession = PartitionedRateLimiter.Create<Guid, Guid>(session =>
        RateLimitPartition.GetConcurrencyLimiter(session, _ => new ConcurrencyLimiterOptions { PermitLimit = PerSession }));

    /// <summary>Takes one, given back when it is disposed of; none where the session has as many as it may, or all are taken.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="isOwn">Whether it is the session's own that are too many.</param>
    public IDisposable? TryTake(Guid session, out bool isOwn)
    {
        var own = bySession.AttemptAcquire(session);
        isOwn = !own.IsAcquired;
        if (!isOwn && all.AttemptAcquire() is { IsAcquired: true } any) return new Slot(own, any);
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
