using System.Threading.RateLimiting;

namespace Lightning.ServiceDefaults;

/// <summary>
/// A token bucket for each key, with a capacity of one minute's permits that are refilled evenly. Counts within this
/// process only.
/// </summary>
public class PerMinuteLimiter<TKey>(int perMinute) : IDisposable
    where TKey : notnull
{
    readonly PartitionedRateLimiter<TKey> limiter = PartitionedRateLimiter.Create<TKey, TKey>(key =>
        RateLimitPartition.GetTokenBucketLimiter(key, _ => PerMinuteLimiter.Bucket(perMinute))
    );

    /// <summary>Takes a permit; false if none is left.</summary>
    public bool TryTake(TKey key) => TryTake(key, out _);

    /// <summary>Takes a permit; false if none is left.</summary>
    /// <param name="key">The client, account or address.</param>
    /// <param name="wait">The time until the next permit; zero if one was taken.</param>
    public bool TryTake(TKey key, out TimeSpan wait)
    {
        using var lease = limiter.AttemptAcquire(key);
        wait =
            !lease.IsAcquired && lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.Zero;
        return lease.IsAcquired;
    }

    /// <summary>Whether no permit is left. Takes none.</summary>
    public bool IsExhausted(TKey key) => limiter.GetStatistics(key) is { CurrentAvailablePermits: 0 };

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            limiter.Dispose();
    }
}

/// <summary>The same limit for the rate limiting middleware.</summary>
public static class PerMinuteLimiter
{
    /// <summary>The options of a token bucket with this many permits per minute.</summary>
    public static TokenBucketRateLimiterOptions Bucket(int perMinute)
    {
        // At most one replenishment a second: each bucket has a timer.
        var tokensPerPeriod = Math.Max(1, perMinute / 60);
        return new()
        {
            TokenLimit = perMinute,
            TokensPerPeriod = tokensPerPeriod,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) * tokensPerPeriod / perMinute,
            AutoReplenishment = true,
        };
    }
}
