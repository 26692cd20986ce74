using System.Diagnostics;

namespace Lightning.Testing;

/// <summary>Waits for what comes true by itself, and never for a time.</summary>
public static class Wait
{
    /// <summary>Looks again and again until the condition holds.</summary>
    /// <param name="condition">Looks.</param>
    /// <param name="within">Ten seconds where nothing is said.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="TimeoutException">It did not come true.</exception>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> condition, TimeSpan? within = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var (clock, limit) = (Stopwatch.StartNew(), within ?? TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            if (clock.Elapsed > limit) throw new TimeoutException($"It did not come true within {limit}.");
            await Task.Delay(5);
        }
        return clock.Elapsed;
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, TimeSpan?)"/>
    public static Task<TimeSpan> UntilAsync(Func<bool> condition, TimeSpan? within = null) => UntilAsync(() => Task.FromResult(condition()), within);
}
