namespace Lightning.Testing;

/// <summary>A clock that a test moves.</summary>
public sealed class FixedClock(DateTimeOffset now) : TimeProvider
{
    // A number, so that it can be moved while others read it.
    long ticks = now.UtcTicks;

    /// <summary>A clock that stands at the present second.</summary>
    public FixedClock() : this(DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()))
    {
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref ticks), TimeSpan.Zero);

    /// <summary>Moves it on.</summary>
    public void Advance(TimeSpan by) => Interlocked.Add(ref ticks, by.Ticks);
}
