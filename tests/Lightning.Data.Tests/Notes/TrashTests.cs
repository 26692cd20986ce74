using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Data.Tests.Notes;

/// <summary>Deleting a note moves it to the trash with its shares; restoring moves it back.</summary>
public sealed class TrashTests(PostgresServer server) : IAsyncLifetime
{
    static readonly DateTimeOffset Then = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    TestDatabase database = null!;
    User ada = null!,
        bob = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        ada = await db.AddUserAsync("ada");
        bob = await db.AddUserAsync("bob");
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Restored_note_has_its_id_texts_times_and_shares()
    {
        var note = await AddAsync("bob@example.com", "later@example.com");
        const string State = """
            SELECT (SELECT to_jsonb(note)::text FROM app.notes AS note) || (SELECT jsonb_agg(to_jsonb(share)
                ORDER BY share.address)::text FROM app.note_shares AS share)
            """;
        var before = (string)(await database.ExecuteAsync(State))!;

        await DeleteAsync(note);
        (await database.ExecuteAsync("SELECT count(*) FROM app.notes, app.note_shares")).ShouldBe(0L);
        (await RestoreAsync(note, ada)).ShouldBeTrue();

        (await database.ExecuteAsync(State)).ShouldBe(before);
        before.ShouldContain("pinned_at\": \"2026");
        before.ShouldContain(bob.Id.ToString());
        (await TrashAsync()).ShouldBe((0, 0));
        (await RestoreAsync(note, ada)).ShouldBeFalse("it is restored");
    }

    [Fact]
    public async Task Restored_shares_follow_what_happened_to_their_recipients()
    {
        await using var db = database.Connect();
        var cyd = await db.AddUserAsync("cyd");
        var note = await AddAsync("bob@example.com", "cyd@example.com", "dan@example.com");
        await DeleteAsync(note);

        // Bob has another address, and Eve now has Bob's old one. Cyd is deleted. Dan verifies his address.
        await database.ExecuteAsync($"UPDATE app.users SET email = 'robert@example.com' WHERE id = '{bob.Id}'");
        await db.AddUserAsync("bob");
        await database.ExecuteAsync($"DELETE FROM app.users WHERE id = '{cyd.Id}'");
        var dan = await db.AddUserAsync("dan");
        (await RestoreAsync(note, ada)).ShouldBeTrue();

        (
            await db
                .NoteShares.AsNoTracking()
                .OrderBy(share => share.Address)
                .Select(share => new { share.Address, share.UserId })
                .ToListAsync(Cancellation)
        )
            .Select(share => (share.Address, share.UserId))
            .ShouldBe([("bob@example.com", bob.Id), ("dan@example.com", dan.Id)]);
    }

    [Fact]
    public async Task Only_a_writing_owner_with_a_verified_address_restores_or_removes()
    {
        var note = await AddAsync("bob@example.com");
        await DeleteAsync(note);
        var removal = $"DELETE FROM app.deleted_notes WHERE id = '{note}'";

        foreach (
            var actor in new[]
            {
                Actor(bob),
                Actor(bob) with
                {
                    IsAdmin = true,
                },
                Actor(ada) with
                {
                    IsVerified = false,
                },
                Actor(ada) with
                {
                    ActedBy = bob.Id,
                },
                null,
            }
        )
        {
            (await RestoreAsync(note, actor)).ShouldBeFalse($"{actor}");
            (await ActAsync(actor, removal)).ShouldBe(0, $"{actor}");
        }
        (await TrashAsync()).ShouldBe((1, 1));
        (await ActAsync(Actor(ada), removal)).ShouldBe(1);
        (await TrashAsync()).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Deleted_owner_leaves_no_trash()
    {
        await DeleteAsync(await AddAsync("bob@example.com"));
        await AddAsync("bob@example.com");

        await database.ExecuteAsync($"DELETE FROM app.users WHERE id = '{ada.Id}'");

        (await TrashAsync()).ShouldBe((0, 0));
        (await database.ExecuteAsync("SELECT count(*) FROM app.notes")).ShouldBe(0L);
    }

    [Fact]
    public async Task Note_deleted_while_its_owner_is_deleted_is_no_deadlock()
    {
        var note = await AddAsync();
        await using var first = await OpenAsync();
        await using var removing = await first.BeginTransactionAsync(Cancellation);
        await ExecuteAsync(first, $"SELECT FROM app.users WHERE id = '{ada.Id}' FOR UPDATE");

        // Does not wait for the user.
        await DeleteAsync(note);
        await ExecuteAsync(first, $"DELETE FROM app.users WHERE id = '{ada.Id}'");
        await removing.CommitAsync(Cancellation);

        (await TrashAsync()).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Purge_deletes_old_notes_in_batches_but_never_those_of_the_last_day()
    {
        foreach (var days in new[] { 0.5, 2, 29, 31, 32 })
        {
            var note = await AddAsync("bob@example.com");
            await DeleteAsync(note);
            await AgeAsync(note, days);
        }

        (await PurgeAsync(DateTimeOffset.UtcNow - DeletedNote.Lifetime, most: 1)).ShouldBe(1);
        (await PurgeAsync(DateTimeOffset.UtcNow - DeletedNote.Lifetime)).ShouldBe(1);
        (await TrashAsync()).ShouldBe((3, 3));
        (await PurgeAsync(DateTimeOffset.UtcNow.AddYears(1))).ShouldBe(2);
        (await TrashAsync()).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Purge_skips_a_note_that_is_being_restored()
    {
        var note = await AddAsync("bob@example.com");
        await DeleteAsync(note);
        await AgeAsync(note, 31);
        await using var connection = await NoteTestData.ActAsync(database, Actor(ada));
        await ExecuteAsync(connection, $"SELECT app.restore_note('{note}')");

        (await PurgeAsync(DateTimeOffset.UtcNow)).ShouldBe(0);
        await ExecuteAsync(connection, "COMMIT");

        (
            await database.ExecuteAsync("SELECT count(*) FROM app.notes JOIN app.note_shares ON note_id = notes.id")
        ).ShouldBe(1L);
    }

    [Fact]
    public async Task Restore_waits_for_a_purge_and_finds_nothing()
    {
        var note = await AddAsync();
        await DeleteAsync(note);
        await AgeAsync(note, 31);
        await using var first = await OpenAsync();
        await using var purging = await first.BeginTransactionAsync(Cancellation);
        await ExecuteAsync(first, "SELECT app.purge_deleted_notes(now(), 10)");

        var restoring = RestoreAsync(note, ada);
        await Wait.UntilAsync(async () =>
            await database.ExecuteAsync(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                    + "'Lock')"
            )
                is true
        );
        await purging.CommitAsync(Cancellation);

        (await restoring).ShouldBeFalse();
        (await database.ExecuteAsync("SELECT count(*) FROM app.notes")).ShouldBe(0L);
    }

    async Task<Guid> AddAsync(params string[] addresses)
    {
        await using var db = database.Connect();
        var note = new Note
        {
            OwnerId = ada.Id,
            Title = "Plans",
            Body = "words",
            CreatedAt = Then,
            UpdatedAt = Then.AddDays(1),
            ArchivedAt = Then.AddDays(2),
            PinnedAt = Then.AddDays(3),
        };
        db.Notes.Add(note);
        foreach (var address in addresses)
            db.NoteShares.Add(
                new()
                {
                    NoteId = note.Id,
                    Address = address,
                    CanEdit = address[0] == 'b',
                    CreatedAt = Then,
                }
            );
        await db.SaveChangesAsync(Cancellation);
        return note.Id;
    }

    Task<int> DeleteAsync(Guid note) => ActAsync(Actor(ada), $"DELETE FROM app.notes WHERE id = '{note}'");

    Task<object?> AgeAsync(Guid note, double days) =>
        database.ExecuteAsync(
            string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"UPDATE app.deleted_notes SET deleted_at = now() - {days} * interval '1 day' WHERE id = '{note}'"
            )
        );

    async Task<(long Notes, long Shares)> TrashAsync() =>
        (
            (long)(await database.ExecuteAsync("SELECT count(*) FROM app.deleted_notes"))!,
            (long)(await database.ExecuteAsync("SELECT count(*) FROM app.deleted_note_shares"))!
        );

    Task<bool> RestoreAsync(Guid note, User user) => RestoreAsync(note, Actor(user));

    async Task<bool> RestoreAsync(Guid note, Actor? actor)
    {
        await using var connection = await NoteTestData.ActAsync(database, actor);
        await using var command = new NpgsqlCommand($"SELECT app.restore_note('{note}')", connection);
        var restored = (bool)(await command.ExecuteScalarAsync(Cancellation))!;
        await ExecuteAsync(connection, "COMMIT");
        return restored;
    }

    async Task<int> PurgeAsync(DateTimeOffset before, int most = 100)
    {
        await using var db = database.ConnectAs("api");
        return await db.PurgeDeletedNotesAsync(before, most, Cancellation);
    }

    /// <summary>Runs a statement with the API's role.</summary>
    /// <returns>The number of rows.</returns>
    async Task<int> ActAsync(Actor? actor, string sql)
    {
        await using var connection = await NoteTestData.ActAsync(database, actor);
        var rows = await ExecuteAsync(connection, sql);
        await ExecuteAsync(connection, "COMMIT");
        return rows;
    }

    async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        return connection;
    }

    static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(Cancellation);
    }

    static Actor Actor(User user) => new(user.Id, Guid.NewGuid(), user.IsAdmin, user.EmailVerified);
}
