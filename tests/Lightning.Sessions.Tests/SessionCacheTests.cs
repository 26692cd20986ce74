using Lightning.Sessions.Cache;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Feed;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lightning.Sessions.Tests;

public sealed class SessionCacheTests(PostgresServer server) : IAsyncLifetime
{
    TestDatabase database = null!;
    Replica replica = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    WebSessionCache Cache => replica.Services.GetRequiredService<WebSessionCache>();

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        replica = await Replica.StartAsync(database, null, ("Sessions:Remembered", "1000"));
    }

    public async ValueTask DisposeAsync()
    {
        await replica.DisposeAsync();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Cache_Full_EvictsUnusedEntries()
    {
        var sessions = await replica.AddSessionsAsync(1_100, TimeSpan.Zero);
        var kept = await Cache.FindAsync(sessions[0].Hash, Cancellation);
        await Parallel.ForEachAsync(
            sessions[..900],
            Cancellation,
            async (session, cancellationToken) => await Cache.FindAsync(session.Hash, cancellationToken)
        );
        foreach (var session in sessions[900..])
        {
            (await Cache.FindAsync(session.Hash, Cancellation)).ShouldNotBeNull().Id.ShouldBe(session.Id);
            (await Cache.FindAsync(sessions[0].Hash, Cancellation)).ShouldBeSameAs(kept);
        }

        Cache.Count.ShouldBe(1_000);
    }

    [Fact]
    public async Task Cache_ConcurrentReadsOfAKey_ReadOnce_AndAgainAfterAChange()
    {
        var go = new TaskCompletionSource();
        var cache = new CountingCache(replica, go.Task);
        var key = Guid.NewGuid();
        var early = Enumerable.Range(0, 100).Select(_ => cache.FindAsync(key, Cancellation).AsTask()).ToArray();
        await Wait.UntilAsync(() => cache.Reads == 1);
        // Any change: later callers must not share an earlier read.
        replica.Feed.Publish(SessionChange.Session(Guid.NewGuid()));
        var late = Enumerable.Range(0, 100).Select(_ => cache.FindAsync(key, Cancellation).AsTask()).ToArray();
        await Wait.UntilAsync(() => cache.Reads == 2);

        go.SetResult();

        (await Task.WhenAll(early)).ShouldAllBe(found => found!.Read == 1);
        (await Task.WhenAll(late)).ShouldAllBe(found => found!.Read == 2);
        cache.Reads.ShouldBe(2);
        (await cache.FindAsync(key, Cancellation))!.Read.ShouldBe(2);
    }

    sealed class Counted(Guid key, int read) : ICachedSession
    {
        public int Read => read;

        public Guid SessionId => key;

        public Guid UserId => key;

        public bool IsExpired(DateTimeOffset now) => false;
    }

    /// <summary>Counts its reads and delays them.</summary>
    sealed class CountingCache : SessionCache<Guid, Counted>
    {
        readonly Reader reader;

        public CountingCache(Replica replica, Task until)
            : this(replica, new Reader(until)) { }

        CountingCache(Replica replica, Reader reader)
            : base(
                "counting",
                10,
                replica.Feed,
                TimeProvider.System,
                replica.Services.GetRequiredService<SessionMetrics>(),
                reader.ReadAsync
            ) => this.reader = reader;

        public int Reads => reader.Count;

        sealed class Reader(Task until)
        {
            int count;

            public int Count => Volatile.Read(ref count);

            public async Task<Counted?> ReadAsync(Guid key, CancellationToken cancellationToken)
            {
                var read = Interlocked.Increment(ref count);
                await until.WaitAsync(cancellationToken);
                return new Counted(key, read);
            }
        }
    }

    [Fact]
    [Trait("Check", "B12")]
    public async Task Cache_Change_RemovesTheAffectedEntriesOnly()
    {
        var ada = await replica.AddSessionsAsync(3, TimeSpan.Zero);
        var bob = await replica.AddSessionsAsync(2, TimeSpan.Zero);
        async Task FillAsync()
        {
            foreach (var session in ada.Concat(bob))
                await Cache.FindAsync(session.Hash, Cancellation);
            Cache.Count.ShouldBe(5);
        }

        await FillAsync();
        replica.Feed.Publish(SessionChange.Parse($"session:{ada[1].Id}"));
        Cache.Count.ShouldBe(4);
        replica.Feed.Publish(SessionChange.Parse($"web:{ada[0].Hash}"));
        Cache.Count.ShouldBe(3);
        replica.Feed.Publish(SessionChange.Parse($"user:{ada[0].User.Id}"));
        Cache.Count.ShouldBe(2);
        await FillAsync();
        replica.Feed.Publish(SessionChange.Parse("all"));
        Cache.Count.ShouldBe(0);
        await FillAsync();
        replica.Feed.Publish(SessionChange.Parse("kind-of-a-newer-version:1"));
        Cache.Count.ShouldBe(0);
    }

    [Fact]
    [Trait("Check", "O10")]
    public async Task ExpiredSessions_AreDeletedInBatches_SkippingLockedRows()
    {
        var living = await replica.AddSessionsAsync(10, TimeSpan.Zero);
        var idle = await replica.AddSessionsAsync(1_200, TimeSpan.FromHours(13));
        var over = await replica.AddSessionsAsync(100, TimeSpan.Zero, TimeSpan.FromSeconds(-1));
        var ended = await replica.AddSessionsAsync(20, TimeSpan.Zero);
        await database.ExecuteAsync($"SELECT identity.end_user_sessions('{ended[0].User.Id}', 'test')");
        await using var elsewhere = new NpgsqlConnection(database.ConnectionString);
        await elsewhere.OpenAsync(Cancellation);
        await using var transaction = await elsewhere.BeginTransactionAsync(Cancellation);
        await using (
            var hold = new NpgsqlCommand($"SELECT 1 FROM web.sessions WHERE sid = '{idle[0].Id}' FOR UPDATE", elsewhere)
        )
            await hold.ExecuteScalarAsync(Cancellation);
        await using var another = await Replica.StartAsync(database);

        // Concurrently: they share the work, and neither waits for the locked row.
        var removed = await Task.WhenAll(
                new[] { replica, another }.Select(one =>
                    one.Services.GetRequiredService<ExpiredSessionCleanup>().RemoveAsync(Cancellation)
                )
            )
            .WaitAsync(TimeSpan.FromSeconds(30), Cancellation);

        removed.Sum().ShouldBe(idle.Length + over.Length + ended.Length - 1);
        await transaction.RollbackAsync(Cancellation);
        (await database.ExecuteAsync("SELECT count(*) FROM web.sessions")).ShouldBe((long)living.Length + 1);
        (await replica.Services.GetRequiredService<ExpiredSessionCleanup>().RemoveAsync(Cancellation)).ShouldBe(1);
        foreach (var session in living)
            (await Cache.FindAsync(session.Hash, Cancellation)).ShouldNotBeNull();
    }
}
