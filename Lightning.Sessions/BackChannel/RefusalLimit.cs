using System.Net;
using System.Threading.RateLimiting;

namespace Lightning.Sessions.BackChannel;

/// <summary>
/// How many tokens that are no good an address may send. What the provider sends is good and is never counted, however much it is: everybody's
/// sessions may end in one moment.
/// </summary>
sealed class RefusalLimit : IDisposable
{
    public const int PerMinute = 30;

    readonly PartitionedRateLimiter<IPAddress> limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address =>
        RateLimitPartition.GetTokenBucketLimiter(address, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = PerMinute,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / PerMinute,
            QueueLimit = 0,
        }));

    /// <summary>Whether the address has sent too many.</summary>
    public bool IsReached(IPAddress? address) => limiter.GetStatistics(address ?? IPAddress.None) is { CurrentAvailablePermits: 0 };

    /// <summary>Counts one.</summary>
    public void Count(IPAddress? address)
    {
        using var lease = limiter.AttemptAcquire(address ?? IPAddress.None);
    }

    public void Dispose() => limiter.Dispose();
}
