using Lightning.Api.Notes;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Api.Tests;

/// <summary>
/// Execution plans of the API's queries, with the API's database role, and test data for them.
/// </summary>
static class Plans
{
    /// <summary>
    /// Adds users, adds notes for every user, and shares each note with some of the other users.
    /// </summary>
    public static async Task FillAsync(TestDatabase database, int people, int notesEach, int sharesEach)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var fill = new NpgsqlCommand(
            $"""
            ALTER TABLE app.users DISABLE TRIGGER USER;
            ALTER TABLE app.notes DISABLE TRIGGER USER;
            ALTER TABLE app.note_shares DISABLE TRIGGER USER;
            INSERT INTO app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)
                SELECT gen_random_uuid(), 'issuer', number::text, number || '@example.com', true, '', false, now()
                FROM (SELECT count(*) AS so_far FROM app.users
                    WHERE issuer = 'issuer') AS known, generate_series(so_far + 1, so_far + {people}) AS number;
            INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                SELECT gen_random_uuid(), person.id, 'Note ' || number, 'some words',
                    now() - number * interval '1 minute', now() - number * interval '1 minute'
                FROM app.users AS person, generate_series(1, {notesEach}) AS number WHERE person.issuer = 'issuer';
            INSERT INTO app.note_shares (id, note_id, address, user_id, can_edit, created_at)
                SELECT gen_random_uuid(), note.id, person.email, person.id, number % 2 = 0, now()
                FROM (SELECT count(*) AS people FROM app.users WHERE issuer = 'issuer') AS known CROSS
                    JOIN (SELECT id, row_number() OVER () AS place FROM app.notes) AS note
                CROSS JOIN generate_series(1, {sharesEach}) AS number
                JOIN app.users AS person ON person.issuer = 'issuer'
                    AND person.subject = ((note.place * 7 + number * 331) % known.people + 1)::text
                ON CONFLICT DO NOTHING;
            ALTER TABLE app.users ENABLE TRIGGER USER;
            ALTER TABLE app.notes ENABLE TRIGGER USER;
            ALTER TABLE app.note_shares ENABLE TRIGGER USER;
            ANALYZE app.users, app.notes, app.note_shares;
            """,
            connection
        )
        {
            CommandTimeout = 0,
        };
        await fill.ExecuteNonQueryAsync();
    }

    /// <summary>The plans of the API's queries for a user, by name.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> OfTheApiAsync(
        TestDatabase database,
        Actor actor,
        Guid note,
        CancellationToken cancellationToken
    )
    {
        var (policy, plans) = (new NotePolicy(), new Dictionary<string, string>(StringComparer.Ordinal));
        var queries = NoteOrder
            .All.SelectMany(order =>
                new[]
                {
                    new NoteListQuery { Sort = order.Name },
                    new NoteListQuery { Sort = order.Name, Shared = true },
                    new NoteListQuery { Sort = order.Name, Shared = false },
                }
            )
            .Concat([
                new NoteListQuery { Q = "words" },
                new NoteListQuery { Archived = true },
                new NoteListQuery { Pinned = true },
            ]);
        foreach (var query in queries)
            plans[query.ToString()] = await OfAsync(
                database,
                actor,
                db => query.Apply(db, policy, new(actor), 20).WithGrants(policy, actor).ToListAsync(cancellationToken),
                cancellationToken
            );
        plans["a note"] = await OfAsync(
            database,
            actor,
            db =>
                db.Notes.Where(policy, actor, Verb.Read)
                    .Where(row => row.Id == note)
                    .WithGrants(policy, actor)
                    .ToListAsync(cancellationToken),
            cancellationToken
        );
        plans["a note's shares"] = await OfAsync(
            database,
            actor,
            db =>
                db.NoteShares.Where(new NoteSharePolicy(), actor, Verb.Read)
                    .Where(share => share.NoteId == note)
                    .ToListAsync(cancellationToken),
            cancellationToken
        );
        return plans;
    }

    /// <summary>
    /// The plan of the query inside the search function, with the given words.
    /// </summary>
    public static async Task<string> OfSearchAsync(
        TestDatabase database,
        Guid actor,
        string words,
        CancellationToken cancellationToken
    )
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var read = new NpgsqlCommand(
            $"""
            SELECT set_config('lightning.actor', '{actor}', false);
            SELECT prosrc FROM pg_proc WHERE oid = 'app.find_notes'::regproc
            """,
            connection
        );
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var source = reader
            .GetString(0)
            .Replace("find_notes.query", $"'{words}'", StringComparison.Ordinal)
            .Replace("find_notes.organization", "NULL::uuid", StringComparison.Ordinal);
        await reader.DisposeAsync();
        return await ExplainAsync(connection, source, [], cancellationToken);
    }

    /// <summary>Explains a query with the API's database role.</summary>
    public static async Task<string> OfAsync(
        TestDatabase database,
        Actor actor,
        Func<LightningDb, Task> query,
        CancellationToken cancellationToken
    )
    {
        var captured = new Statements();
        await using var db = new LightningDb(
            new DbContextOptionsBuilder<LightningDb>(database.Options())
                .UseNpgsql(database.ConnectionStringOf("api"))
                .AddInterceptors(captured)
                .Options
        );
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        await RowSecurity.SetActorAsync(connection, actor, cancellationToken);
        await query(db);
        return await ExplainAsync(
            connection,
            captured.Queries[^1].Text,
            captured.Queries[^1].Parameters,
            cancellationToken
        );
    }

    static async Task<string> ExplainAsync(
        NpgsqlConnection connection,
        string sql,
        IReadOnlyList<NpgsqlParameter> parameters,
        CancellationToken cancellationToken
    )
    {
        await using var explain = new NpgsqlCommand($"EXPLAIN {sql}", connection);
        foreach (var parameter in parameters)
            explain.Parameters.Add(parameter.Clone());
        var lines = new List<string>();
        await using var reader = await explain.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }
}
