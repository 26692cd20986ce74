using System.Collections.Concurrent;
using System.Globalization;
using Xunit;

namespace Lightning.Testing;

/// <summary>
/// Runs a race a thousand times with random pauses. The seed is printed; <c>LIGHTNING_SEED</c> repeats its pauses.
/// </summary>
public static class Interleavings
{
    /// <summary>The number of runs.</summary>
    public const int Count = 1_000;
    const int Parallel = 8;

    /// <summary>Runs the race for each subject.</summary>
    public static async Task RunAsync<T>(IReadOnlyList<T> subjects, Func<T, Random, Task> race)
    {
        ArgumentNullException.ThrowIfNull(subjects);
        ArgumentNullException.ThrowIfNull(race);
        var seed = int.TryParse(
            Environment.GetEnvironmentVariable("LIGHTNING_SEED"),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var given
        )
            ? given
            : Random.Shared.Next(int.MaxValue - subjects.Count);
        TestContext.Current.TestOutputHelper?.WriteLine($"Seeds {seed} to {seed + subjects.Count - 1}");
        var todo = new ConcurrentQueue<int>(Enumerable.Range(0, subjects.Count));
        await Task.WhenAll(
            Enumerable
                .Range(0, Parallel)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        while (todo.TryDequeue(out var number))
                            await race(subjects[number], new Random(seed + number));
                    })
                )
        );
    }

    /// <summary>No pause, a yield, some microseconds, or up to two milliseconds.</summary>
    public static Task PauseAsync(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        lock (random)
            switch (random.Next(4))
            {
                case 0:
                    return Task.CompletedTask;
                case 1:
                    return YieldAsync(random.Next(5));
                case 2:
                    return SpinAsync(random.Next(2_000));
                default:
                    return Task.Delay(random.Next(1, 4));
            }
    }

    static async Task YieldAsync(int times)
    {
        for (var i = 0; i < times; i++)
            await Task.Yield();
    }

    static async Task SpinAsync(int iterations)
    {
        await Task.Yield();
        Thread.SpinWait(iterations * 10);
    }
}
