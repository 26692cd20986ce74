using System.Globalization;
using System.Net;
using Lightning.Testing;

namespace Lightning.Benchmarks;

/// <summary>
/// The 99th percentile of latency through the BFF right after its start, and with many idle streams.
/// </summary>
static class ProxyLatencies
{
    const int Requests = 10_000,
        Streams = 2_000,
        Rounds = 5;

    /// <summary>A BFF that remembers all sessions, and how to start another.</summary>
    internal sealed record World(
        HttpClient Client,
        TestDatabase Database,
        ProxyProcess Warm,
        Func<Task<ProxyProcess>> StartAsync,
        string[] Cookies
    );

    public static async Task PrintAsync(World world)
    {
        await RestartAsync(world);
        await StreamsAsync(world);
    }

    static async Task RestartAsync(World world)
    {
        var (steady, restarted) = (new List<TimeSpan>(), new List<TimeSpan>());
        var reads = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            steady.Add(await P99Async(world, world.Warm, round));
            var before = await ReadsAsync(world.Database);
            using var fresh = await world.StartAsync();
            restarted.Add(await P99Async(world, fresh, round));
            reads = await ReadsAsync(world.Database) - before;
        }
        Print(
            $"p99 of the first {Requests} requests after a restart, of steady state's",
            Median(restarted) / Median(steady)
        );
        Print($"lookups in the database's session tables for those {Requests} requests", reads);
    }

    static async Task StreamsAsync(World world)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var quiet = new List<TimeSpan>();
        for (var round = 0; round < Rounds; round++)
            quiet.Add(await P99Async(world, world.Warm, round));
        var memory = world.Warm.Memory;
        var open = new List<HttpResponseMessage>(Streams);
        try
        {
            while (open.Count < Streams)
                open.AddRange(
                    await Task.WhenAll(
                        Enumerable.Range(open.Count, 50).Select(number => OpenAsync(client, world, number))
                    )
                );
            var taken = world.Warm.Memory - memory;
            var beside = new List<TimeSpan>();
            for (var round = 0; round < Rounds; round++)
                beside.Add(await P99Async(world, world.Warm, round));
            Print($"others' p99 beside {Streams} idle streams, of the p99 without", Median(beside) / Median(quiet));
            Print("memory per stream in the BFF, KB", taken / 1024.0 / Streams);
        }
        finally
        {
            open.ForEach(stream => stream.Dispose());
        }
    }

    static async Task<HttpResponseMessage> OpenAsync(HttpClient client, World world, int number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(world.Warm.Address, "/api/events"))
        {
            Headers = { { "X-CSRF", "1" }, { "Cookie", world.Cookies[number] } },
        };
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return response.StatusCode == HttpStatusCode.OK
            ? response
            : throw new InvalidOperationException($"A stream was answered with {response.StatusCode}.");
    }

    static Task<TimeSpan> P99Async(World world, ProxyProcess bff, int round) =>
        Benchmarks.Rounds.P99Async(
            Requests,
            number =>
                ProxyBenchmark.GetAsync(
                    world.Client,
                    bff.Address,
                    world.Cookies[(round * Requests + number) * 7919 % world.Cookies.Length]
                )
        );

    static async Task<long> ReadsAsync(TestDatabase database)
    {
        // Postgres reports statistics with a delay, of an idle connection at most once a second.
        await Task.Delay(TimeSpan.FromSeconds(2));
        return (long)
            (
                await database.ExecuteAsync(
                    """
                    SELECT coalesce(sum(coalesce(idx_scan, 0) + coalesce(seq_scan, 0)), 0)::bigint
                        FROM pg_stat_user_tables WHERE schemaname = 'web' AND relname = 'sessions'
                    """
                )
            )!;
    }

    static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    static void Print(string what, double figure) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {figure:0.00} |"));
}
