namespace Lightning.ServiceDefaults;

/// <summary>
/// What one caller may ask in a minute, refilled evenly and kept as one number: the moment at which all of it would be back (the generic cell rate algorithm, ITU-T I.371).
/// </summary>
public sealed class Allowance
{
    static readonly long Minute = TimeSpan.FromMinutes(1).Ticks;
    long spentUntil;

    /// <summary>Whether nothing is missing, so that there is nothing to remember.</summary>
    public bool IsFull(DateTimeOffset now) => Volatile.Read(ref spentUntil) <= now.UtcTicks;

    /// <summary>Takes one; false where there is none left.</summary>
    public bool TryTake(DateTimeOffset now, int perMinute)
    {
        var (ticks, each) = (now.UtcTicks, Math.Max(1, Minute / perMinute));
        while (true)
        {
            var before = Volatile.Read(ref spentUntil);
            var after = Math.Max(before, ticks) + each;
            if (after - ticks > Minute) return false;
            if (Interlocked.CompareExchange(ref spentUntil, after, before) == before) return true;
        }
    }
}
