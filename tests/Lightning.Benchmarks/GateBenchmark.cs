using System.Globalization;
using Lightning.Data;
using Lightning.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace Lightning.Benchmarks;

/// <summary>
/// The cost of authentication and authorization in the API: the session gate alone, a list of 20 notes and one note,
/// with the tokens of 1,000 users, compared with the same rows by an EF compiled query and by plain Npgsql without
/// checks. Real Postgres and loopback sockets; client and servers are in this process.
/// </summary>
static class GateBenchmark
{
    const int People = 1_000,
        NotesEach = 60;

    static readonly Func<LightningDb, Guid, IAsyncEnumerable<BareNote>> Newest = EF.CompileAsyncQuery(
        (LightningDb db, Guid owner) =>
            db
                .Notes.AsNoTracking()
                .Where(note => note.OwnerId == owner && note.ArchivedAt == null)
                .OrderByDescending(note => note.UpdatedAt)
                .ThenByDescending(note => note.Id)
                .Take(21)
                .Select(note => new BareNote(
                    note.Id,
                    note.Title,
                    note.Body,
                    note.CreatedAt,
                    note.UpdatedAt,
                    note.ArchivedAt,
                    note.PinnedAt,
                    note.Version
                ))
    );

    static readonly Func<LightningDb, Guid, Task<BareNote>> ById = EF.CompileAsyncQuery(
        (LightningDb db, Guid id) =>
            db
                .Notes.AsNoTracking()
                .Where(note => note.Id == id)
                .Select(note => new BareNote(
                    note.Id,
                    note.Title,
                    note.Body,
                    note.CreatedAt,
                    note.UpdatedAt,
                    note.ArchivedAt,
                    note.PinnedAt,
                    note.Version
                ))
                .Single()
    );

    const string Columns = "id, title, body, created_at, updated_at, archived_at, pinned_at, xmin";

    sealed record BareNote(
        Guid Id,
        string Title,
        string Body,
        DateTimeOffset CreatedAt,
        DateTimeOffset UpdatedAt,
        DateTimeOffset? ArchivedAt,
        DateTimeOffset? PinnedAt,
        uint Version
    );

    sealed record Caller(Guid Id, Guid Note, string Token);

    public static async Task RunAsync(PostgresServer server)
    {
        await using var database = await server.CreateDatabaseAsync();
        var people = await FillAsync(database);
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var api = await ApiUnderLoad.StartAsync(database, app => MapBare(app, database, source));
        // Row-level security does not apply to the owner of the tables.
        await using var unwitnessed = await ApiUnderLoad.StartAsync(database, asOwner: true);

        foreach (
            var (what, path) in new[]
            {
                ("An endpoint that does nothing", "nothing"),
                ("An endpoint that reads a row", "row"),
            }
        )
            await CompareAsync(
                $"{what}, tokens of {People} people, behind signature, session and user check",
                "open",
                ("open", caller => api.GetAsync($"/open/{path}/{caller.Note}", null)),
                ("behind the gate", caller => api.GetAsync($"/gate/{path}/{caller.Note}", caller.Token))
            );
        await CompareAsync(
            $"20 of one's own notes, {People} people",
            "EF alone",
            ("EF alone", caller => api.GetAsync($"/ef/notes/{caller.Id}", null)),
            ("EF alone, on connections like Lightning's", caller => api.GetAsync($"/lean/notes/{caller.Id}", null)),
            ("Npgsql alone", caller => api.GetAsync($"/npgsql/notes/{caller.Id}", null)),
            ("Lightning", caller => api.GetAsync("/api/v1/notes?shared=false", caller.Token)),
            (
                "Lightning without row-level security",
                caller => unwitnessed.GetAsync("/api/v1/notes?shared=false", caller.Token)
            ),
            ("Lightning, notes of others included", caller => api.GetAsync("/api/v1/notes", caller.Token))
        );
        await CompareAsync(
            $"A note by its id, {People} people",
            "EF alone",
            ("EF alone", caller => api.GetAsync($"/ef/note/{caller.Note}", null)),
            ("EF alone, on connections like Lightning's", caller => api.GetAsync($"/lean/note/{caller.Note}", null)),
            ("Npgsql alone", caller => api.GetAsync($"/npgsql/note/{caller.Note}", null)),
            ("Lightning", caller => api.GetAsync($"/api/v1/notes/{caller.Note}", caller.Token)),
            (
                "Lightning without row-level security",
                caller => unwitnessed.GetAsync($"/api/v1/notes/{caller.Note}", caller.Token)
            )
        );

        async Task CompareAsync(string what, string baseline, params (string Name, Func<Caller, Task> Ask)[] ways)
        {
            var figures = await Rounds.MeasureAsync([
                .. ways.Select(way =>
                    (
                        way.Name,
                        (Func<int, Task>)(number => way.Ask(people[number % People])),
                        (Func<TimeSpan>)Rounds.OwnCpu
                    )
                ),
            ]);
            Console.WriteLine($"{what}:");
            Rounds.Print(figures, baseline);
        }
    }

    /// <summary>
    /// The same rows without authorization, as the owner of the tables, with pooled contexts as in the service.
    /// </summary>
    static void MapBare(IEndpointRouteBuilder app, TestDatabase database, NpgsqlDataSource source)
    {
        var contexts = new PooledDbContextFactory<LightningDb>(database.Options());
        // The same endpoints without authorization.
        foreach (
            var group in new[] { app.MapGroup("/open").AllowAnonymous(), app.MapGroup("/gate").RequireAuthorization() }
        )
        {
            group.MapGet("/nothing/{id:guid}", (Guid id) => id);
            group.MapGet(
                "/row/{id:guid}",
                async (Guid id) =>
                {
                    await using var db = await contexts.CreateDbContextAsync();
                    return await ById(db, id);
                }
            );
        }
        // With the default connection settings, and with those of Lightning: prepared statements, no reset on close.
        var lean = new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            MaxAutoPrepare = 100,
            NoResetOnClose = true,
        }.ConnectionString;
        var leanContexts = new PooledDbContextFactory<LightningDb>(
            new DbContextOptionsBuilder<LightningDb>(database.Options()).UseNpgsql(lean).Options
        );
        foreach (var (path, own) in new[] { ("ef", contexts), ("lean", leanContexts) })
        {
            app.MapGet(
                    $"/{path}/notes/{{owner:guid}}",
                    async (Guid owner) =>
                    {
                        await using var db = await own.CreateDbContextAsync();
                        var notes = new List<BareNote>(21);
                        await foreach (var note in Newest(db, owner))
                            notes.Add(note);
                        return notes;
                    }
                )
                .AllowAnonymous();
            app.MapGet(
                    $"/{path}/note/{{id:guid}}",
                    async (Guid id) =>
                    {
                        await using var db = await own.CreateDbContextAsync();
                        return await ById(db, id);
                    }
                )
                .AllowAnonymous();
        }
        app.MapGet(
                "/npgsql/notes/{owner:guid}",
                async (Guid owner) =>
                {
                    await using var command = source.CreateCommand(
                        $"""
                        SELECT {Columns} FROM app.notes WHERE owner_id = $1 AND archived_at IS NULL
                            ORDER BY updated_at DESC, id DESC LIMIT 21
                        """
                    );
                    command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = owner });
                    return await ReadAsync(command);
                }
            )
            .AllowAnonymous();
        app.MapGet(
                "/npgsql/note/{id:guid}",
                async (Guid id) =>
                {
                    await using var command = source.CreateCommand($"SELECT {Columns} FROM app.notes WHERE id = $1");
                    command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
                    return (await ReadAsync(command)).Single();
                }
            )
            .AllowAnonymous();
    }

    static async Task<List<BareNote>> ReadAsync(NpgsqlCommand command)
    {
        var notes = new List<BareNote>(21);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            notes.Add(
                new(
                    reader.GetGuid(0),
                    reader.GetString(1),
                    reader.GetString(2),
                    reader.GetFieldValue<DateTimeOffset>(3),
                    reader.GetFieldValue<DateTimeOffset>(4),
                    await reader.IsDBNullAsync(5) ? null : reader.GetFieldValue<DateTimeOffset>(5),
                    await reader.IsDBNullAsync(6) ? null : reader.GetFieldValue<DateTimeOffset>(6),
                    reader.GetFieldValue<uint>(7)
                )
            );
        return notes;
    }

    static async Task<Caller[]> FillAsync(TestDatabase database)
    {
        await database.ExecuteAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                ALTER TABLE app.note_shares DISABLE TRIGGER USER;
                INSERT INTO app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)
                    SELECT gen_random_uuid(), '{ApiUnderLoad.Issuer}', number::text, number || '@example.com', true, '',
                        false, now() FROM generate_series(1, {People}) AS number;
                INSERT INTO identity.sessions (id, issuer, user_id, created_at, auth_time, last_seen_at, ends_at,
                    methods)
                    SELECT gen_random_uuid(), issuer, id, now(), now(), now(), now() + interval '1 day', ARRAY['pwd']
                        FROM app.users;
                INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                    SELECT gen_random_uuid(), person.id, 'Note ' || number, repeat('x', 500), now(),
                        now() - number * interval '1 minute' FROM app.users AS person, generate_series(1,
                        {NotesEach}) AS number;
                INSERT INTO app.note_shares (id, note_id, address, user_id, can_edit, created_at)
                    SELECT gen_random_uuid(), note.id, person.email, person.id, false, now()
                        FROM (SELECT id, row_number() OVER () AS place FROM app.notes) AS note
                    JOIN app.users AS person ON person.subject = (note.place * 7 % {People} + 1)::text
                        WHERE note.place % 5 = 0;
                """
            )
        );
        await database.ExecuteAsync("VACUUM ANALYZE app.users, identity.sessions, app.notes, app.note_shares");
        var people = new List<Caller>();
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            """
            SELECT person.id, person.subject, session.id, (SELECT note.id FROM app.notes AS note
                WHERE note.owner_id = person.id LIMIT 1)
            FROM app.users AS person JOIN identity.sessions AS session ON session.user_id = person.id
            """,
            connection
        );
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            people.Add(
                new(reader.GetGuid(0), reader.GetGuid(3), ApiUnderLoad.Token(reader.GetString(1), reader.GetGuid(2)))
            );
        return [.. people];
    }
}
