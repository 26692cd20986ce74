using System.Collections.Concurrent;
using Lightning.Data;
using Lightning.Sessions.Bearer;
using Lightning.Sessions.Cache;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Feed;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.Tests.Races;

/// <summary>
/// A session ends during another operation: the end must win in every order. Each race also runs with a common but
/// unsafe implementation, and must detect it.
/// </summary>
public sealed class RevocationRaces(PostgresServer server) : IAsyncLifetime
{
    TestDatabase database = null!;
    Replica replica = null!;
    LiveSession[] sessions = [];

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        // The replicas are relying parties, and one test also has the API's cache in them.
        await database.ExecuteAsync("GRANT EXECUTE ON FUNCTION app.memberships_of TO lightning_bff");
        replica = await Replica.StartAsync(database, new StrictProvider());
        sessions = await replica.AddSessionsAsync(Interleavings.Count, TimeSpan.FromMinutes(2));
    }

    public async ValueTask DisposeAsync()
    {
        await replica.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_DuringAWriteOfTheLastUse_Wins()
    {
        await AgainstEndAsync(
            (session, random) =>
                replica.DoAsync(async services =>
                {
                    await services
                        .GetRequiredService<LastSeenWriter>()
                        .WriteAsync(
                            services.GetRequiredService<LightningDb>(),
                            [new(session.Hash, DateTimeOffset.UtcNow)],
                            CancellationToken.None
                        );
                    return true;
                })
        );
        (await CountRevivedAsync()).ShouldBe(0);
        // Each must come first sometimes, or there is no race.
        var noted = (long)
            (await database.ExecuteAsync("SELECT count(*) FROM identity.sessions WHERE last_seen_at > created_at"))!;
        TestContext.Current.TestOutputHelper?.WriteLine($"Use was noted first {noted} times.");
        noted.ShouldBeInRange(1, Interleavings.Count - 1);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_DuringARenewalThatWritesTheWholeRow_WouldLose()
    {
        await AgainstEndAsync((session, random) => WriteBackAsync(session, random, "last_seen_at = clock_timestamp()"));

        (await CountRevivedAsync()).ShouldBeGreaterThan(0);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_DuringATokenRefresh_Wins()
    {
        var refreshed = 0;
        await AgainstEndAsync(
            async (session, random) =>
            {
                StrictProvider.Pauses.Value = random;
                if (
                    (await replica.Tokens.GetAsync(session, CancellationToken.None)).Status
                    == AccessTokenStatus.Available
                )
                    Interlocked.Increment(ref refreshed);
            }
        );
        (await CountRevivedAsync()).ShouldBe(0);
        TestContext.Current.TestOutputHelper?.WriteLine($"The refresh came first {refreshed} times.");
        refreshed.ShouldBeInRange(1, Interleavings.Count - 1);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_DuringARefreshThatWritesTheWholeRow_WouldLose()
    {
        await AgainstEndAsync((session, random) => WriteBackAsync(session, random, "tokens = EXCLUDED.tokens"));

        (await CountRevivedAsync()).ShouldBeGreaterThan(0);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_DuringAReadIntoTheCache_Wins() => (await CountStaleAsync(ignoresChanges: false)).ShouldBe(0);

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_DuringAReadIntoACacheWithoutGenerations_WouldLose() =>
        (await CountStaleAsync(ignoresChanges: true)).ShouldBeGreaterThan(0);

    Task AgainstEndAsync(Func<LiveSession, Random, Task> other) =>
        Interleavings.RunAsync(
            sessions,
            async (session, random) =>
            {
                // Drawn before the tasks start, so that their order does not change the random sequence.
                var (one, another) = (new Random(random.Next()), new Random(random.Next()));
                await Task.WhenAll(
                    Task.Run(async () =>
                    {
                        await Interleavings.PauseAsync(one);
                        await replica.EndAsync(session);
                    }),
                    Task.Run(async () =>
                    {
                        await Interleavings.PauseAsync(another);
                        await other(session, another);
                    })
                );
            }
        );

    /// <summary>How many sessions exist after their end.</summary>
    async Task<long> CountRevivedAsync() =>
        (long)
            (
                await database.ExecuteAsync(
                    """
                    SELECT count(*) FROM identity.sessions AS session
                        LEFT JOIN web.sessions AS web ON web.sid = session.id
                        WHERE session.ended_at IS NULL OR web.sid IS NOT NULL
                    """
                )
            )!;

    /// <summary>
    /// An unsafe store that reads the row, works, and writes it back with an upsert.
    /// </summary>
    async Task WriteBackAsync(LiveSession session, Random random, string change)
    {
        await using var db = database.Connect();
        var hash = session.Hash.ToArray();
        var row = await db.WebSessions.AsNoTracking().SingleOrDefaultAsync(web => web.IdHash == hash);
        if (row is null)
            return;
        await Interleavings.PauseAsync(random);
        var sql = $$"""
            INSERT INTO web.sessions (id_hash, app, sid, issuer, subject, created_at, last_seen_at, ends_at, ticket,
                tokens)
            VALUES ({0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}) ON CONFLICT (id_hash) DO UPDATE SET {{change}}
            """;
        await db.Database.ExecuteSqlRawAsync(
            sql,
            row.IdHash,
            row.App,
            row.SessionId,
            row.Issuer,
            row.Subject,
            row.CreatedAt,
            row.LastSeenAt,
            row.EndsAt,
            row.Ticket,
            row.Tokens
        );
    }

    /// <summary>How many sessions are still cached after the notification of their end.</summary>
    async Task<int> CountStaleAsync(bool ignoresChanges)
    {
        var notified = new ConcurrentDictionary<Guid, TaskCompletionSource>(
            sessions.Select(session =>
                KeyValuePair.Create(
                    session.Id,
                    new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
                )
            )
        );
        var pauses = new ConcurrentDictionary<Guid, Random>();
        var cache = new PausingActorCache(replica, pauses, ignoresChanges);
        replica.Feed.Subscribe(change =>
        {
            if (change.Kind == ChangeKind.Session)
                notified[change.Id].TrySetResult();
        });
        var stale = 0;
        await Interleavings.RunAsync(
            sessions,
            async (session, random) =>
            {
                var one = new Random(random.Next());
                pauses[session.Id] = new Random(random.Next());
                var end = Task.Run(async () =>
                {
                    await Interleavings.PauseAsync(one);
                    // As by another replica, so that only the feed reports it.
                    await database.ExecuteAsync($"SELECT identity.end_session('{session.Id}', 'test')");
                });
                await cache.FindAsync(session.Id, CancellationToken.None);
                await end;
                await notified[session.Id].Task.WaitAsync(TimeSpan.FromSeconds(10));
                pauses.TryRemove(session.Id, out _);
                if (await cache.FindAsync(session.Id, CancellationToken.None) is not null)
                    Interlocked.Increment(ref stale);
            }
        );
        return stale;
    }

    /// <summary>The API's cache with a pause between the read and the insert.</summary>
    sealed class PausingActorCache(Replica replica, ConcurrentDictionary<Guid, Random> pauses, bool ignoresChanges)
        : SessionCache<Guid, CachedActor>(
            $"test-{ignoresChanges}",
            Interleavings.Count * 2,
            replica.Feed,
            TimeProvider.System,
            replica.Services.GetRequiredService<SessionMetrics>(),
            async (sid, cancellationToken) =>
            {
                var actor = await ActorCache.Reader(
                    replica.Services.GetRequiredService<IServiceScopeFactory>(),
                    TimeProvider.System,
                    People.Issuer
                )(sid, cancellationToken);
                if (pauses.TryGetValue(sid, out var random))
                    await Interleavings.PauseAsync(random);
                return actor;
            }
        )
    {
        protected override bool IsCurrent(long started) => ignoresChanges || base.IsCurrent(started);
    }
}
