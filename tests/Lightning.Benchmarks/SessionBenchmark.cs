using System.Diagnostics;
using System.Globalization;
using Lightning.Sessions;
using Lightning.Sessions.Bearer;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Tests;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Benchmarks;

/// <summary>
/// The memory and database cost of 100,000 active sessions, and the time until the end of one is known everywhere: the
/// session caches of three BFFs and two APIs in this process, each with its own change feed, with a real Postgres.
/// </summary>
static class SessionBenchmark
{
    const int Sessions = 100_000,
        Ends = 500,
        Portion = 5_000,
        Parallel = 8;

    public static async Task RunAsync(PostgresServer server)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var first = await Replica.StartAsync(database);
        var sessions = new List<LiveSession>(Sessions);
        while (sessions.Count < Sessions)
            sessions.AddRange(await first.AddSessionsAsync(Portion, TimeSpan.Zero, tokensEndIn: TimeSpan.FromHours(1)));
        var hashes = sessions.Select(session => session.Hash).ToArray();
        await database.ExecuteAsync("VACUUM ANALYZE");

        await FillAsync(first, database, hashes);
        await EndAsync(database, first, sessions[..Ends]);
    }

    static async Task FillAsync(Replica replica, TestDatabase database, CookieHash[] hashes)
    {
        var memory = replica.Services.GetRequiredService<WebSessionCache>();
        for (var i = 0; i < 100; i++)
            await memory.FindAsync(hashes[i], CancellationToken.None);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await AllAsync(
            hashes.Length - 100,
            number => memory.FindAsync(hashes[number + 100], CancellationToken.None).AsTask()
        );
        Print(
            "memory per live session in a BFF, bytes",
            (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)(hashes.Length - 100)
        );
        GC.KeepAlive(replica);

        var reads = await ReadsAsync(database);
        var watch = Stopwatch.StartNew();
        await AllAsync(
            Sessions * 2,
            async number =>
            {
                if (await memory.FindAsync(hashes[number % hashes.Length], CancellationToken.None) is null)
                    throw new InvalidOperationException("A living session was refused.");
            }
        );
        Print("look at a remembered session, ns", watch.Elapsed.TotalNanoseconds * Parallel / (Sessions * 2));
        Print("database reads per 1,000 looks, warm", (await ReadsAsync(database) - reads) * 1000.0 / (Sessions * 2));
    }

    static async Task EndAsync(TestDatabase database, Replica first, List<LiveSession> sessions)
    {
        await using var second = await Replica.StartAsync(database);
        await using var third = await Replica.StartAsync(database);
        var bffs = new[] { first, second, third };
        var apis = new[] { second, third }
            .Select(replica => new ActorCache(
                replica.Feed,
                TimeProvider.System,
                replica.Services.GetRequiredService<SessionMetrics>(),
                replica.Services.GetRequiredService<IServiceScopeFactory>(),
                replica.Services.GetRequiredService<IOptions<SessionsOptions>>(),
                Options.Create(new AccessTokenOptions { Authority = People.Issuer })
            ))
            .ToArray();
        var took = new List<double>();
        foreach (var session in sessions)
        {
            foreach (var bff in bffs)
                await bff
                    .Services.GetRequiredService<WebSessionCache>()
                    .FindAsync(session.Hash, CancellationToken.None);
            foreach (var api in apis)
                await api.FindAsync(session.Id, CancellationToken.None);
            await database.ExecuteAsync($"SELECT identity.end_session('{session.Id}', 'benchmark')");
            var committed = Stopwatch.GetTimestamp();
            await Task.WhenAll(
                bffs.Select(bff =>
                        RefusedAsync<LiveSession>(() =>
                            bff
                                .Services.GetRequiredService<WebSessionCache>()
                                .FindAsync(session.Hash, CancellationToken.None)
                        )
                    )
                    .Concat(
                        apis.Select(api =>
                            RefusedAsync<CachedActor>(() => api.FindAsync(session.Id, CancellationToken.None))
                        )
                    )
            );
            took.Add(Stopwatch.GetElapsedTime(committed).TotalMilliseconds);
        }
        took.Sort();
        Print("commit of an end until refused by 3 BFFs and 2 APIs, ms, median", took[took.Count / 2]);
        Print("the same, p99", took[took.Count * 99 / 100]);
    }

    static async Task RefusedAsync<T>(Func<ValueTask<T?>> find)
        where T : class
    {
        while (await find() is not null)
            await Task.Yield();
    }

    static Task AllAsync(int count, Func<int, Task> act) =>
        Task.WhenAll(
            Enumerable
                .Range(0, Parallel)
                .Select(worker =>
                    Task.Run(async () =>
                    {
                        for (var number = worker; number < count; number += Parallel)
                            await act(number);
                    })
                )
        );

    static async Task<long> ReadsAsync(TestDatabase database)
    {
        // Postgres reports statistics with a delay.
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        NpgsqlConnection.ClearAllPools();
        await Task.Delay(TimeSpan.FromSeconds(0.5));
        return (long)
            (
                await database.ExecuteAsync(
                    """
                    SELECT coalesce(sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0)), 0)::bigint
                        FROM pg_stat_user_tables WHERE schemaname IN ('web', 'identity')
                        AND relname = 'sessions'
                    """
                )
            )!;
    }

    static void Print(string what, double figure) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {figure:0.0} |"));
}
