using System.Threading.RateLimiting;

namespace Lightning.ServiceDefaults;

/// <summary>How often each of many may do something in a minute, all of it at once if need be; what was taken comes back evenly. Counted by this process for itself.</summary>
public class MinuteLimit<TKey>(int perMinute) : IDisposable
    where TKey : notnull
{
    readonly PartitionedRateLimiter<TKey> limiter = PartitionedRateLimiter.Create<TKey, TKey>(key => RateLimitPartition.GetTokenBucketLimiter(key, _ => MinuteLimit.Bucket(perMinute)));

    /// <summary>Takes one; false where there is none left.</summary>
    public bool TryTake(TKey key) => TryTake(key, out _);

    /// <summary>Takes one; false where there is none left.</summary>
    /// <param name="key">Who takes it.</param>
    /// <param name="wait">When there is one again, where there is none.</param>
    public bool TryTake(TKey key, out TimeSpan wait)
    {
        using var lease = limiter.AttemptAcquire(key);
        wait = !lease.IsAcquired && lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.Zero;
        return lease.IsAcquired;
    }

    /// <summary>Whether there is none left; takes none.</summary>
    public bool IsSpent(TKey key) => limiter.GetStatistics(key) is { CurrentAvailablePermits: 0 };

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Stops counting.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing) limiter.Dispose();
    }
}

/// <summary>What the framework's own limiters are told for the same limit.</summary>
public static class MinuteLimit
{
    /// <summary>A bucket of so many a minute.</summary>
    public static TokenBucketRateLimiterOptions Bucket(int perMinute)
    {
        // At most once a second: the framework looks after each bucket by a timer.
        var each = Math.Max(1, perMinute / 60);
        return new() { TokenLimit = perMinute, TokensPerPeriod = each, ReplenishmentPeriod = TimeSpan.FromMinutes(1) * each / perMinute, AutoReplenishment = true };
    }
}
