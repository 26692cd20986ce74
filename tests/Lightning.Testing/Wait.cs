using System.Diagnostics;

namespace Lightning.Testing;

/// <summary>Waits for what comes true by itself, and never for a time.</summary>
public static class Wait
{
    /// <summary>Looks again and again until the condition holds. Whoever begins to look when the time is over has to see it: how long one look takes, or this machine pauses, is no part of it.</summary>
    /// <param name="condition">Looks.</param>
    /// <param name="within">Where nothing is said, thirty seconds: patience, and nothing that is proved.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="TimeoutException">It did not come true.</exception>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> condition, TimeSpan? within = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var (clock, limit) = (Stopwatch.StartNew(), within ?? TimeSpan.FromSeconds(30));
        for (var began = TimeSpan.Zero; !await condition(); began = clock.Elapsed)
        {
            if (began > limit) throw new TimeoutException($"It did not come true within {limit}.");
            await Task.Delay(5);
        }
        return clock.Elapsed;
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, TimeSpan?)"/>
    public static Task<TimeSpan> UntilAsync(Func<bool> condition, TimeSpan? within = null) => UntilAsync(() => Task.FromResult(condition()), within);
}
