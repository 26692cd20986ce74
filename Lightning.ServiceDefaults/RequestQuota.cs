namespace Lightning.ServiceDefaults;

/// <summary>
/// The requests that one caller may make in a minute, refilled evenly. Its state is a single number: the time at which
/// the quota is full again (generic cell rate algorithm, ITU-T I.371).
/// </summary>
public sealed class RequestQuota
{
    static readonly long Minute = TimeSpan.FromMinutes(1).Ticks;
    long fullAt;

    /// <summary>Whether the quota is full, so that the instance can be dropped.</summary>
    public bool IsFull(DateTimeOffset now) => Volatile.Read(ref fullAt) <= now.UtcTicks;

    /// <summary>Takes one request; false if the quota is used up.</summary>
    public bool TryTake(DateTimeOffset now, int perMinute)
    {
        var ticks = now.UtcTicks;
        var interval = Math.Max(1, Minute / perMinute);
        while (true)
        {
            var before = Volatile.Read(ref fullAt);
            var after = Math.Max(before, ticks) + interval;
            if (after - ticks > Minute)
                return false;
            if (Interlocked.CompareExchange(ref fullAt, after, before) == before)
                return true;
        }
    }
}
