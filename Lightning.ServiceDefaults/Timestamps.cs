namespace Lightning.ServiceDefaults;

/// <summary>Timestamps in the precision of the database.</summary>
public static class Timestamps
{
    /// <summary>
    /// Truncates to microseconds, the precision of Postgres, so that a response equals what is read later.
    /// </summary>
    public static DateTimeOffset ToMicroseconds(this DateTimeOffset time) =>
        time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
