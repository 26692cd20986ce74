using System.Diagnostics;

namespace Lightning.Testing;

/// <summary>Waits for conditions instead of fixed times.</summary>
public static class Wait
{
    /// <summary>Polls until the condition holds.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="within">The timeout; null for ten seconds.</param>
    /// <param name="failure">Describes the failure after a timeout.</param>
    /// <returns>The time it took.</returns>
    /// <exception cref="TimeoutException">The condition did not hold in time.</exception>
    public static async Task<TimeSpan> UntilAsync(
        Func<Task<bool>> condition,
        TimeSpan? within = null,
        Func<string>? failure = null
    )
    {
        ArgumentNullException.ThrowIfNull(condition);
        var (clock, limit) = (Stopwatch.StartNew(), within ?? TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            if (clock.Elapsed > limit)
                throw new TimeoutException(failure?.Invoke() ?? $"The condition did not hold within {limit}.");
            await Task.Delay(5);
        }
        return clock.Elapsed;
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, TimeSpan?, Func{string}?)"/>
    public static Task<TimeSpan> UntilAsync(
        Func<bool> condition,
        TimeSpan? within = null,
        Func<string>? failure = null
    ) => UntilAsync(() => Task.FromResult(condition()), within, failure);
}
