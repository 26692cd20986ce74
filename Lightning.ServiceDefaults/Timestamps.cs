namespace Lightning.ServiceDefaults;

/// <summary>Times as the database keeps them.</summary>
public static class Timestamps
{
    /// <summary>Cut to microseconds, as Postgres keeps it, so that what is answered equals what is read later.</summary>
    public static DateTimeOffset ToMicroseconds(this DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
