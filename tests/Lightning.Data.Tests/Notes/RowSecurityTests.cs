using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Data.Organizations;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Data.Tests.Notes;

/// <summary>Row-level security and the rules agree on every row.</summary>
public class RowSecurityTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rules_in_memory_in_SQL_and_in_policies_give_the_same_rows()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await NoteTestData.FillAsync(database);
        var notes = await CompareAsync(
            database,
            actors,
            new NotePolicy(),
            "app.notes",
            "title = title",
            note => note.Id
        );
        var shares = await CompareAsync(
            database,
            actors,
            new NoteSharePolicy(),
            "app.note_shares",
            "can_edit = can_edit",
            share => share.Id
        );
        var users = await CompareAsync(
            database,
            actors,
            new UserPolicy(),
            "app.users",
            "name = name",
            user => user.Id,
            deletes: false
        );
        var trash = await CompareAsync(
            database,
            actors,
            new DeletedNotePolicy(),
            "app.deleted_notes",
            touch: null,
            note => note.Id
        );
        var organizations = await CompareAsync(
            database,
            actors,
            new OrganizationPolicy(),
            "app.organizations",
            "name = name",
            organization => organization.Id,
            deletes: false
        );
        // Only what the policies say, not that an owner remains.
        await database.ExecuteAsync("ALTER TABLE app.memberships DISABLE TRIGGER USER");
        var memberships = await CompareAsync(
            database,
            actors,
            new MembershipPolicy(),
            "app.memberships",
            "role = role",
            membership => membership.Id
        );
        var invitations = await CompareAsync(
            database,
            actors,
            new InvitationPolicy(),
            "app.invitations",
            "expires_at = expires_at",
            invitation => invitation.Id
        );
        // Neither all rows nor none, which constant policies would give too.
        foreach (var partial in new[] { notes, shares, users, trash, organizations, memberships, invitations })
            partial.ShouldBeGreaterThan(5);
    }

    [Fact]
    public async Task Insert_that_the_rules_forbid_is_refused_by_the_database()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await NoteTestData.FillAsync(database);
        var (ada, bob, cyd) = (actors[0], actors[1], actors[2]);
        Guid Own(Actor actor) =>
            (Guid)
                database
                    .ExecuteAsync(
                        $"""
                        SELECT id FROM app.notes WHERE owner_id = '{actor.UserId}' AND organization_id IS NULL LIMIT 1
                        """
                    )
                    .GetAwaiter()
                    .GetResult()!;
        string Note(Actor owner) =>
            $"""
                INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                    VALUES (gen_random_uuid(), '{owner.UserId}', 't', 'b', now(), now())
                """;
        string Share(Guid note) =>
            $"""
                INSERT INTO app.note_shares (id, note_id, address, can_edit, created_at)
                    VALUES (gen_random_uuid(), '{note}', 'new@example.com', false, now())
                """;
        (await TryAsync(database, ada, Note(ada))).ShouldBeTrue();
        (await TryAsync(database, ada, Note(bob))).ShouldBeFalse();
        (await TryAsync(database, null, Note(ada))).ShouldBeFalse();
        (await TryAsync(database, actors[6], Note(bob))).ShouldBeFalse("the impersonation of bob is read-only");
        (await TryAsync(database, actors[7], Note(bob))).ShouldBeTrue("the impersonation of bob may write");
        (await TryAsync(database, ada, Share(Own(ada)))).ShouldBeTrue();
        (await TryAsync(database, ada, Share(Own(bob)))).ShouldBeFalse();
        (await TryAsync(database, cyd, Share(Own(cyd)))).ShouldBeFalse("cyd's address is not verified");
        (await TryAsync(database, bob, Share(Own(bob)))).ShouldBeTrue();
        (
            await TryAsync(database, actors[6], Share(Own(bob)).Replace("new@", "newer@", StringComparison.Ordinal))
        ).ShouldBeFalse("an administrator impersonates bob");
    }

    /// <summary>
    /// The pool does not reset connections, like the services' own; the next user of the connection sets no actor, like
    /// code that bypasses EF.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Actor_on_a_pooled_connection_ends_with_its_transaction(bool isBroken)
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await NoteTestData.FillAsync(database);
        var unclean = new NpgsqlConnectionStringBuilder(database.ConnectionStringOf("api"))
        {
            MaxPoolSize = 1,
            NoResetOnClose = true,
        }.ConnectionString;
        int backend;
        await using (var first = new NpgsqlConnection(unclean))
        {
            await first.OpenAsync(Cancellation);
            backend = first.ProcessID;
            await using var transaction = await first.BeginTransactionAsync(Cancellation);
            await RowSecurity.SetActorAsync(first, actors[0], Cancellation);
            if (isBroken)
            {
                await using var forGood = new NpgsqlCommand(
                    "SELECT set_config('lightning.actor', current_setting('lightning.actor'), false)",
                    first,
                    transaction
                );
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
    public async Task Admin_role_reads_every_note_and_the_API_role_none_without_an_actor(string service, bool sees)
    {
        await using var database = await server.CreateDatabaseAsync();
        await NoteTestData.FillAsync(database);
        await using var db = database.ConnectAs(service);
        (await db.Notes.AnyAsync(Cancellation)).ShouldBe(sees);
        (await db.NoteShares.AnyAsync(Cancellation)).ShouldBe(sees);
    }

    /// <returns>The number of actors and verbs with neither all rows nor none.</returns>
    static async Task<int> CompareAsync<T>(
        TestDatabase database,
        IReadOnlyList<Actor> actors,
        Policy<T> policy,
        string table,
        string? touch,
        Func<T, Guid> id,
        bool deletes = true
    )
        where T : class
    {
        var partial = 0;
        await using var db = database.Connect();
        var rows = await db.Set<T>().AsNoTracking().ToListAsync(Cancellation);
        foreach (var actor in actors)
        {
            var visible = (await db.Set<T>().AsNoTracking().Where(policy, actor, Verb.Read).ToListAsync(Cancellation))
                .Select(id)
                .ToHashSet();
            foreach (
                var (verb, sql) in new[]
                {
                    (Verb.Read, $"SELECT id FROM {table}"),
                    (Verb.Update, $"UPDATE {table} SET {touch} RETURNING id"),
                    (Verb.Delete, $"DELETE FROM {table} RETURNING id"),
                }
            )
            {
                if ((verb == Verb.Delete && !deletes) || (verb == Verb.Update && touch is null))
                    continue;
                var memory = new HashSet<Guid>();
                foreach (var row in rows)
                    if (await policy.MayAsync(db, actor, verb, row, Cancellation))
                        memory.Add(id(row));
                var scope = (await db.Set<T>().AsNoTracking().Where(policy, actor, verb).ToListAsync(Cancellation))
                    .Select(id)
                    .ToHashSet();
                var secured = await IdsAsync(database, actor, sql);
                scope.ShouldBe(memory, ignoreOrder: true, $"{table} {actor} {verb}");
                secured.ShouldBe(memory, ignoreOrder: true, $"{table} {actor} {verb}");
                if (memory.Count > 0 && memory.Count < rows.Count)
                    partial++;
            }
        }
        return partial;
    }

    static async Task<HashSet<Guid>> IdsAsync(TestDatabase database, Actor actor, string sql)
    {
        await using var connection = await NoteTestData.ActAsync(database, actor);
        await using var command = new NpgsqlCommand(sql, connection);
        var ids = new HashSet<Guid>();
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
            ids.Add(reader.GetGuid(0));
        return ids;
    }

    static async Task<bool> TryAsync(TestDatabase database, Actor? actor, string sql)
    {
        await using var connection = await NoteTestData.ActAsync(database, actor);
        await using var command = new NpgsqlCommand(sql, connection);
        try
        {
            return await command.ExecuteNonQueryAsync(Cancellation) == 1;
        }
        catch (PostgresException ex) when (ex.SqlState == PostgresErrorCodes.InsufficientPrivilege)
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
