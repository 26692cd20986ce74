namespace Lightning.Testing;

/// <summary>A clock that a test advances.</summary>
public sealed class FixedClock(DateTimeOffset now) : TimeProvider
{
    // Ticks, so that reads and writes are atomic.
    long ticks = now.UtcTicks;

    /// <summary>A clock stopped at the current second.</summary>
    public FixedClock()
        : this(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds())) { }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref ticks), TimeSpan.Zero);

    /// <summary>Advances the clock.</summary>
    public void Advance(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);
}
