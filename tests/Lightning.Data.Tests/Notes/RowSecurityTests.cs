using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Data.Tests.Notes;

/// <summary>Row-level security says the same as the rules, row for row; else one of them is wrong.</summary>
public class RowSecurityTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RuleMemoryAndDatabase_HostileRowsActorsAndVerbs_GiveTheSameRows()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await Neighbourhood.FillAsync(database);
        var notes = await CompareAsync(database, actors, new NotePolicy(), "app.notes", "title = title", note => note.Id);
        var shares = await CompareAsync(database, actors, new NoteSharePolicy(), "app.note_shares", "can_edit = can_edit", share => share.Id);
        var users = await CompareAsync(database, actors, new UserPolicy(), "app.users", "name = name", user => user.Id, deletes: false);
        // Neither all nor none: policies that are always or never true would prove nothing.
        foreach (var partial in new[] { notes, shares, users }) partial.ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task Insert_OfWhatTheRulesForbid_IsRefusedByTheDatabaseToo()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await Neighbourhood.FillAsync(database);
        var (ada, bob, cyd) = (actors[0], actors[1], actors[2]);
        Guid Own(Actor actor) => (Guid)database.ExecuteAsync($"SELECT id FROM app.notes WHERE owner_id = '{actor.UserId}' LIMIT 1").GetAwaiter().GetResult()!;
        string Note(Actor owner) => $"INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at) VALUES (gen_random_uuid(), '{owner.UserId}', 't', 'b', now(), now())";
        string Share(Guid note) => $"INSERT INTO app.note_shares (id, note_id, address, can_edit, created_at) VALUES (gen_random_uuid(), '{note}', 'new@example.com', false, now())";
        (await TryAsync(database, ada, Note(ada))).ShouldBeTrue();
        (await TryAsync(database, ada, Note(bob))).ShouldBeFalse();
        (await TryAsync(database, null, Note(ada))).ShouldBeFalse();
        (await TryAsync(database, ada, Share(Own(ada)))).ShouldBeTrue();
        (await TryAsync(database, ada, Share(Own(bob)))).ShouldBeFalse();
        (await TryAsync(database, cyd, Share(Own(cyd)))).ShouldBeFalse("cyd's address is not proved");
        (await TryAsync(database, bob, Share(Own(bob)))).ShouldBeTrue();
        (await TryAsync(database, actors[6], Share(Own(bob)).Replace("new@", "newer@", StringComparison.Ordinal))).ShouldBeFalse("an administrator acts as bob");
    }

    /// <summary>The pool cleans up nothing, as the services' own does not; and whoever has the connection next says nothing, as code that passes by EF would not.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Actor_OnAPooledConnection_IsForgottenWithTheTransaction_UnlessItIsSaidForTheConnection(bool isBroken)
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await Neighbourhood.FillAsync(database);
        var unclean = new NpgsqlConnectionStringBuilder(database.ConnectionStringOf("api")) { MaxPoolSize = 1, NoResetOnClose = true }.ConnectionString;
        int backend;
        await using (var first = new NpgsqlConnection(unclean))
        {
            await first.OpenAsync(Cancellation);
            backend = first.ProcessID;
            await using var transaction = await first.BeginTransactionAsync(Cancellation);
            await RowSecurity.AnnounceAsync(first, actors[0], Cancellation);
            if (isBroken)
            {
                await using var forGood = new NpgsqlCommand("SELECT set_config('lightning.actor', current_setting('lightning.actor'), false)", first, transaction);
                await forGood.ExecuteNonQueryAsync(Cancellation);
            }
            (await CountAsync(first)).ShouldBeGreaterThan(0);
            await transaction.CommitAsync(Cancellation);
        }
        await using var second = new NpgsqlConnection(unclean);
        await second.OpenAsync(Cancellation);
        second.ProcessID.ShouldBe(backend);
        (await CountAsync(second) > 0).ShouldBe(isBroken);
    }

    [Theory]
    [InlineData("admin", true)]
    [InlineData("api", false)]
    public async Task Role_OfTheAdminSite_SeesEveryNoteAndTheApisSeesNoneByItself(string service, bool sees)
    {
        await using var database = await server.CreateDatabaseAsync();
        await Neighbourhood.FillAsync(database);
        await using var db = database.ConnectAs(service);
        (await db.Notes.AnyAsync(Cancellation)).ShouldBe(sees);
        (await db.NoteShares.AnyAsync(Cancellation)).ShouldBe(sees);
    }

    /// <returns>For how many actors and verbs it was neither all rows nor none.</returns>
    static async Task<int> CompareAsync<T>(TestDatabase database, IReadOnlyList<Actor> actors, Policy<T> policy, string table, string touch, Func<T, Guid> id, bool deletes = true)
        where T : class
    {
        var partial = 0;
        await using var db = database.Connect();
        var rows = await db.Set<T>().AsNoTracking().ToListAsync(Cancellation);
        foreach (var actor in actors)
        {
            var visible = (await db.Set<T>().AsNoTracking().Where(policy, actor, Verb.Read).ToListAsync(Cancellation)).Select(id).ToHashSet();
            foreach (var (verb, sql) in new[]
            {
                (Verb.Read, $"SELECT id FROM {table}"), (Verb.Update, $"UPDATE {table} SET {touch} RETURNING id"), (Verb.Delete, $"DELETE FROM {table} RETURNING id"),
            })
            {
                if (verb == Verb.Delete && !deletes) continue;
                var memory = new HashSet<Guid>();
                foreach (var row in rows)
                    if (await policy.MayAsync(db, actor, verb, row, Cancellation)) memory.Add(id(row));
                var scope = (await db.Set<T>().AsNoTracking().Where(policy, actor, verb).ToListAsync(Cancellation)).Select(id).ToHashSet();
                var secured = await IdsAsync(database, actor, sql);
                scope.ShouldBe(memory, ignoreOrder: true, $"{table} {actor} {verb}");
                secured.ShouldBe(memory, ignoreOrder: true, $"{table} {actor} {verb}");
                if (memory.Count > 0 && memory.Count < rows.Count) partial++;
            }
        }
        return partial;
    }

    static async Task<HashSet<Guid>> IdsAsync(TestDatabase database, Actor actor, string sql)
    {
        await using var connection = await Neighbourhood.ActAsync(database, actor);
        await using var command = new NpgsqlCommand(sql, connection);
        var ids = new HashSet<Guid>();
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation)) ids.Add(reader.GetGuid(0));
        return ids;
    }

    static async Task<bool> TryAsync(TestDatabase database, Actor? actor, string sql)
    {
        await using var connection = await Neighbourhood.ActAsync(database, actor);
        await using var command = new NpgsqlCommand(sql, connection);
        try
        {
            return await command.ExecuteNonQueryAsync(Cancellation) == 1;
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return false;
        }
    }

    static async Task<long> CountAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT count(*) FROM app.notes", connection);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
