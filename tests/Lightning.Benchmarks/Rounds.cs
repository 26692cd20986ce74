using System.Diagnostics;
using System.Globalization;

namespace Lightning.Benchmarks;

/// <summary>The measurements of one variant in a round.</summary>
/// <param name="PerSecond">Requests per second.</param>
/// <param name="Cpu">CPU time per request of the measured process.</param>
sealed record Figure(double PerSecond, TimeSpan Cpu);

/// <summary>
/// Measures several variants in turn in each round, so that disturbances affect all of them.
/// </summary>
static class Rounds
{
    const int Count = 7,
        Requests = 4_000,
        Parallel = 8;

    /// <summary>What a way is given at least to be compiled.</summary>
    static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    /// <summary>Of this process, client included.</summary>
    public static TimeSpan OwnCpu() => Environment.CpuUsage.TotalTime;

    public static async Task<IReadOnlyDictionary<string, Figure>> MeasureAsync(
        IReadOnlyList<(string Name, Func<int, Task> Request, Func<TimeSpan> Cpu)> ways,
        int requests = Requests
    )
    {
        var figures = ways.ToDictionary(way => way.Name, _ => new List<Figure>(), StringComparer.Ordinal);
        await WarmUpAsync(ways, requests);
        for (var round = 0; round < Count; round++)
            foreach (var (name, request, used) in ways)
                figures[name].Add(await TakeAsync(request, used, requests));
        return figures.ToDictionary(figure => figure.Key, figure => Median(figure.Value), StringComparer.Ordinal);
    }

    public static void Print(IReadOnlyDictionary<string, Figure> figures, string baseline)
    {
        Console.WriteLine($"| way | requests a second | of {baseline} | CPU a request | times {baseline} |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var (name, figure) in figures)
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {figure.PerSecond:0} | {figure.PerSecond / figures[baseline].PerSecond:0.00} | "
                        + $"{figure.Cpu.TotalMicroseconds:0} µs | {figure.Cpu / figures[baseline].Cpu:0.00} |"
                )
            );
    }

    /// <summary>A number of requests, a few at a time.</summary>
    public static Task AllAsync(int count, Func<int, Task> request) =>
        Task.WhenAll(
            Enumerable
                .Range(0, Parallel)
                .Select(async worker =>
                {
                    for (var number = worker; number < count; number += Parallel)
                        await request(number);
                })
        );

    /// <summary>How long the slowest hundredth of them took at least.</summary>
    public static async Task<TimeSpan> P99Async(int count, Func<int, Task> request)
    {
        var took = new TimeSpan[count];
        await AllAsync(
            count,
            async number =>
            {
                var clock = Stopwatch.GetTimestamp();
                await request(number);
                took[number] = Stopwatch.GetElapsedTime(clock);
            }
        );
        Array.Sort(took);
        return took[count * 99 / 100];
    }

    /// <summary>
    /// Warms up until several passes in a row are not faster: tiered compilation optimizes larger variants later.
    /// </summary>
    static async Task WarmUpAsync(
        IReadOnlyList<(string Name, Func<int, Task> Request, Func<TimeSpan> Cpu)> ways,
        int requests
    )
    {
        var clock = Stopwatch.StartNew();
        var cheapest = ways.Select(_ => TimeSpan.MaxValue).ToArray();
        for (
            var (idle, enough) = (0, WarmUp * ways.Count);
            (idle < 3 || clock.Elapsed < enough) && clock.Elapsed < 3 * enough;
            idle++
        )
        for (var way = 0; way < ways.Count; way++)
        {
            var cpu = (await TakeAsync(ways[way].Request, ways[way].Cpu, requests)).Cpu;
            if (cpu < 0.97 * cheapest[way])
                idle = 0;
            if (cpu < cheapest[way])
                cheapest[way] = cpu;
        }
    }

    static async Task<Figure> TakeAsync(Func<int, Task> request, Func<TimeSpan> used, int requests)
    {
        var cpu = used();
        var clock = Stopwatch.StartNew();
        await AllAsync(requests, request);
        return new Figure(requests / clock.Elapsed.TotalSeconds, (used() - cpu) / requests);
    }

    static Figure Median(List<Figure> figures) =>
        new(
            figures.Select(figure => figure.PerSecond).Order().ElementAt(figures.Count / 2),
            figures.Select(figure => figure.Cpu).Order().ElementAt(figures.Count / 2)
        );
}
