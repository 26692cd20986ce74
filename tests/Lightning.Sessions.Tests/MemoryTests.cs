using Lightning.Sessions.Feed;
using Lightning.Sessions.WebSessions;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lightning.Sessions.Tests;

public sealed class MemoryTests(PostgresServer server) : IAsyncLifetime
{
    TestDatabase database = null!;
    Replica replica = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    WebSessionMemory Memory => replica.Services.GetRequiredService<WebSessionMemory>();

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
    public async Task Memory_Full_MakesRoomAndKeepsWhatIsInUse()
    {
        var sessions = await replica.AddSessionsAsync(1_100, TimeSpan.Zero);
        var kept = await Memory.FindAsync(sessions[0].Hash, Cancellation);
        await Parallel.ForEachAsync(sessions[..900], Cancellation, async (session, cancellationToken) => await Memory.FindAsync(session.Hash, cancellationToken));
        foreach (var session in sessions[900..])
        {
            (await Memory.FindAsync(session.Hash, Cancellation)).ShouldNotBeNull().Id.ShouldBe(session.Id);
            (await Memory.FindAsync(sessions[0].Hash, Cancellation)).ShouldBeSameAs(kept);
        }
        Memory.Count.ShouldBe(1_000);
    }

    [Fact]
    public async Task Memory_AskedForOneByManyAtOnce_ReadsOnce_AndAgainForThoseWhoComeAfterAChange()
    {
        var go = new TaskCompletionSource();
        var memory = new CountingMemory(replica, go.Task);
        var key = Guid.NewGuid();
        var early = Enumerable.Range(0, 100).Select(_ => memory.FindAsync(key, Cancellation).AsTask()).ToArray();
        await Wait.UntilAsync(() => memory.Reads == 1);
        // Of anything: what was read before it may be wrong for whoever comes now.
        replica.Feed.Tell(Change.Session(Guid.NewGuid()));
        var late = Enumerable.Range(0, 100).Select(_ => memory.FindAsync(key, Cancellation).AsTask()).ToArray();
        await Wait.UntilAsync(() => memory.Reads == 2);

        go.SetResult();

        (await Task.WhenAll(early)).ShouldAllBe(found => found!.Read == 1);
        (await Task.WhenAll(late)).ShouldAllBe(found => found!.Read == 2);
        memory.Reads.ShouldBe(2);
        (await memory.FindAsync(key, Cancellation))!.Read.ShouldBe(2);
    }

    sealed class Counted(Guid key, int read) : IRemembered
    {
        public int Read => read;

        public Guid SessionId => key;

        public Guid UserId => key;

        public bool IsOver(DateTimeOffset now) => false;
    }

    /// <summary>Counts its reads, and lets them wait.</summary>
    sealed class CountingMemory : Memory<Guid, Counted>
    {
        readonly Reader reader;

        public CountingMemory(Replica replica, Task until) : this(replica, new Reader(until))
        {
        }

        CountingMemory(Replica replica, Reader reader)
            : base("counting", 10, replica.Feed, TimeProvider.System, replica.Services.GetRequiredService<SessionMetrics>(), reader.ReadAsync) => this.reader = reader;

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
    public async Task Memory_ToldOfASessionAUserOrEverything_ForgetsThatAndNothingElse()
    {
        var (ada, bob) = (await replica.AddSessionsAsync(3, TimeSpan.Zero), await replica.AddSessionsAsync(2, TimeSpan.Zero));
        async Task FillAsync()
        {
            foreach (var session in ada.Concat(bob)) await Memory.FindAsync(session.Hash, Cancellation);
            Memory.Count.ShouldBe(5);
        }

        await FillAsync();
        replica.Feed.Tell(Change.Read($"session:{ada[1].Id}"));
        Memory.Count.ShouldBe(4);
        replica.Feed.Tell(Change.Read($"web:{ada[0].Hash}"));
        Memory.Count.ShouldBe(3);
        replica.Feed.Tell(Change.Read($"user:{ada[0].User.Id}"));
        Memory.Count.ShouldBe(2);
        await FillAsync();
        replica.Feed.Tell(Change.Read("all"));
        Memory.Count.ShouldBe(0);
        await FillAsync();
        replica.Feed.Tell(Change.Read("word-of-a-newer-version:1"));
        Memory.Count.ShouldBe(0);
    }

    [Fact]
    [Trait("Check", "O10")]
    public async Task ExpiredSessions_AreRemovedInBatches_PassingOverWhatOthersHold()
    {
        var living = await replica.AddSessionsAsync(10, TimeSpan.Zero);
        var idle = await replica.AddSessionsAsync(1_200, TimeSpan.FromHours(13));
        var over = await replica.AddSessionsAsync(100, TimeSpan.Zero, TimeSpan.FromSeconds(-1));
        var ended = await replica.AddSessionsAsync(20, TimeSpan.Zero);
        await database.ExecuteAsync($"SELECT identity.end_user_sessions('{ended[0].User.Id}', 'test')");
        await using var elsewhere = new NpgsqlConnection(database.ConnectionString);
        await elsewhere.OpenAsync(Cancellation);
        await using var transaction = await elsewhere.BeginTransactionAsync(Cancellation);
        await using (var hold = new NpgsqlCommand($"SELECT 1 FROM web.sessions WHERE sid = '{idle[0].Id}' FOR UPDATE", elsewhere)) await hold.ExecuteScalarAsync(Cancellation);
        await using var another = await Replica.StartAsync(database);

        // Both at once: they share the work, and neither waits for the row that is held.
        var removed = await Task.WhenAll(new[] { replica, another }.Select(one => one.Services.GetRequiredService<ExpiredSessions>().RemoveAsync(Cancellation)))
            .WaitAsync(TimeSpan.FromSeconds(30), Cancellation);

        removed.Sum().ShouldBe(idle.Length + over.Length + ended.Length - 1);
        await transaction.RollbackAsync(Cancellation);
        (await database.ExecuteAsync("SELECT count(*) FROM web.sessions")).ShouldBe((long)living.Length + 1);
        (await replica.Services.GetRequiredService<ExpiredSessions>().RemoveAsync(Cancellation)).ShouldBe(1);
        foreach (var session in living) (await Memory.FindAsync(session.Hash, Cancellation)).ShouldNotBeNull();
    }
}
