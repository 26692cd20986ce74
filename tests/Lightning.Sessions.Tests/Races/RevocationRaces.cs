using System.Collections.Concurrent;
using Lightning.Data;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Gate;
using Lightning.Sessions.Refresh;
using Lightning.Sessions.WebSessions;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.Tests.Races;

/// <summary>
/// A session that ends while something else is done with it: the end wins, whatever the order. Each race is also run with what other products do
/// in its place, and must find that out.
/// </summary>
public sealed class RevocationRaces(PostgresServer server) : IAsyncLifetime
{
    TestDatabase database = null!;
    Replica replica = null!;
    LiveSession[] sessions = [];

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
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
    public async Task End_WhileUseIsNoted_Wins()
    {
        await AgainstEndAsync((session, random) => replica.DoAsync(async services =>
        {
            await services.GetRequiredService<LastSeen>().WriteAsync(
                services.GetRequiredService<LightningDb>(), [new(session.Hash, DateTimeOffset.UtcNow)], CancellationToken.None);
            return true;
        }));
        (await ReturnedAsync()).ShouldBe(0);
        // Both came first now and then, or there was no race.
        var noted = (long)(await database.ExecuteAsync("SELECT count(*) FROM identity.sessions WHERE last_seen_at > created_at"))!;
        TestContext.Current.TestOutputHelper?.WriteLine($"Use was noted first {noted} times.");
        noted.ShouldBeInRange(1, Interleavings.Count - 1);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_WhileARenewalWritesTheRowItHasRead_WouldNotWin()
    {
        await AgainstEndAsync((session, random) => WriteBackAsync(session, random, "last_seen_at = clock_timestamp()"));
        (await ReturnedAsync()).ShouldBeGreaterThan(0);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_WhileTokensAreRefreshed_Wins()
    {
        var refreshed = 0;
        await AgainstEndAsync(async (session, random) =>
        {
            StrictProvider.Pauses.Value = random;
            if ((await replica.Tokens.GetAsync(session, CancellationToken.None)).Status == AccessTokenStatus.Available) Interlocked.Increment(ref refreshed);
        });
        (await ReturnedAsync()).ShouldBe(0);
        TestContext.Current.TestOutputHelper?.WriteLine($"The refresh came first {refreshed} times.");
        refreshed.ShouldBeInRange(1, Interleavings.Count - 1);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_WhileARefreshWritesTheRowItHasRead_WouldNotWin()
    {
        await AgainstEndAsync((session, random) => WriteBackAsync(session, random, "tokens = EXCLUDED.tokens"));
        (await ReturnedAsync()).ShouldBeGreaterThan(0);
    }

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_WhileItIsReadIntoMemory_Wins() => (await RememberedAsync(isForgetful: false)).ShouldBe(0);

    [Fact]
    [Trait("Check", "B13")]
    public async Task End_WhileItIsReadIntoAMemoryWithoutGenerations_WouldNotWin() => (await RememberedAsync(isForgetful: true)).ShouldBeGreaterThan(0);

    Task AgainstEndAsync(Func<LiveSession, Random, Task> other) => Interleavings.RunAsync(sessions, async (session, random) =>
    {
        // Drawn beforehand, so that the order in which tasks run does not change what the seed means.
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
            }));
    });

    /// <summary>How many are there after their end.</summary>
    async Task<long> ReturnedAsync() =>
        (long)(await database.ExecuteAsync("SELECT count(*) FROM identity.sessions AS session LEFT JOIN web.sessions AS web ON web.sid = session.id WHERE session.ended_at IS NULL OR web.sid IS NOT NULL"))!;

    /// <summary>What a store does that keeps a session by "write what I have": read, do something, write it back.</summary>
    async Task WriteBackAsync(LiveSession session, Random random, string change)
    {
        await using var db = database.Connect();
        var hash = session.Hash.ToArray();
        var row = await db.WebSessions.AsNoTracking().SingleOrDefaultAsync(web => web.IdHash == hash);
        if (row is null) return;
        await Interleavings.PauseAsync(random);
        var sql = $$"""
            INSERT INTO web.sessions (id_hash, app, sid, issuer, subject, created_at, last_seen_at, ends_at, ticket, tokens)
            VALUES ({0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}) ON CONFLICT (id_hash) DO UPDATE SET {{change}}
            """;
        await db.Database.ExecuteSqlRawAsync(sql, row.IdHash, row.App, row.SessionId, row.Issuer, row.Subject, row.CreatedAt, row.LastSeenAt, row.EndsAt, row.Ticket, row.Tokens);
    }

    /// <summary>How many sessions are remembered after word of their end has come.</summary>
    async Task<int> RememberedAsync(bool isForgetful)
    {
        var told = new ConcurrentDictionary<Guid, TaskCompletionSource>(sessions.Select(session => KeyValuePair.Create(session.Id, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))));
        var pauses = new ConcurrentDictionary<Guid, Random>();
        var memory = new PausingActors(replica, pauses, isForgetful);
        replica.Feed.Subscribe(change =>
        {
            if (change.Kind == ChangeKind.Session) told[change.Id].TrySetResult();
        });
        var remembered = 0;
        await Interleavings.RunAsync(sessions, async (session, random) =>
        {
            var one = new Random(random.Next());
            pauses[session.Id] = new Random(random.Next());
            var end = Task.Run(async () =>
            {
                await Interleavings.PauseAsync(one);
                // By another replica, so that word of it comes by the feed alone.
                await database.ExecuteAsync($"SELECT identity.end_session('{session.Id}', 'test')");
            });
            await memory.FindAsync(session.Id, CancellationToken.None);
            await end;
            await told[session.Id].Task.WaitAsync(TimeSpan.FromSeconds(10));
            pauses.TryRemove(session.Id, out _);
            if (await memory.FindAsync(session.Id, CancellationToken.None) is not null) Interlocked.Increment(ref remembered);
        });
        return remembered;
    }

    /// <summary>The API's memory with a pause between its read and its keeping of it.</summary>
    sealed class PausingActors(Replica replica, ConcurrentDictionary<Guid, Random> pauses, bool isForgetful) : Memory<Guid, LiveActor>(
        $"test-{isForgetful}", Interleavings.Count * 2, replica.Feed, TimeProvider.System, replica.Services.GetRequiredService<SessionMetrics>(),
        async (sid, cancellationToken) =>
        {
            var actor = await LiveActors.Reader(replica.Services.GetRequiredService<IServiceScopeFactory>(), TimeProvider.System, People.Issuer)(sid, cancellationToken);
            if (pauses.TryGetValue(sid, out var random)) await Interleavings.PauseAsync(random);
            return actor;
        })
    {
        protected override bool IsCurrent(long begun) => isForgetful || base.IsCurrent(begun);
    }
}
