using System.Diagnostics;
using System.Globalization;
using Lightning.Api.Tests;
using Lightning.Authorization;
using Lightning.Testing;
using Npgsql;

namespace Lightning.Benchmarks;

/// <summary>
/// The cost of requests as the user's notes and those of other users grow, with rules and row-level security; and that
/// no query scans a table with a million notes and three million shares.
/// </summary>
static class RulesBenchmark
{
    const int Requests = 400,
        Shared = 100;

    static readonly (int People, int NotesEach, int SharesEach)[] Others = [(10, 10, 3), (100, 90, 3), (900, 990, 3)];
    static readonly int[] Own = [10, 1_000, 100_000, 1_000_000];

    static readonly (string Name, Func<Someone, string> Path)[] Asked =
    [
        ("20 newest", _ => "/api/v1/notes"),
        ("20 by title", _ => "/api/v1/notes?sort=title"),
        ("20 shared by others", _ => "/api/v1/notes?shared=true"),
        ("one by its id", someone => $"/api/v1/notes/{someone.Note}"),
        ("a rare word", _ => "/api/v1/notes?q=needle"),
    ];

    sealed record Someone(Guid Id, Guid Session, Guid Note, string Token);

    public static async Task RunAsync(PostgresServer server)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var api = await ApiUnderLoad.StartAsync(database);
        var someone = await BeginAsync(database);
        await AddNotesAsync(database, someone, 1_000 - 1);

        Head($"A person with 1,000 notes and {Shared} of others', by how many notes and shares there are in all");
        var first = true;
        foreach (var (people, notesEach, sharesEach) in Others)
        {
            await Plans.FillAsync(database, people, notesEach, sharesEach);
            if (first)
                await ShareAsync(database, someone);
            first = false;
            await MeasureAsync(database, api, someone, await CountAsync(database));
        }
        await AssertPlansAsync(database, someone);

        Head("A user, by the number of their own notes");
        foreach (var count in Own)
        {
            // A new user with the same shares.
            var another = await BeginAsync(database);
            await AddNotesAsync(database, another, count - 1);
            await ShareAsync(database, another);
            await MeasureAsync(database, api, another, string.Create(CultureInfo.InvariantCulture, $"{count:N0}"));
            if (count == Own[^1])
                await AssertPlansAsync(database, another);
        }
    }

    static async Task MeasureAsync(TestDatabase database, ApiUnderLoad api, Someone someone, string row)
    {
        await database.ExecuteAsync("VACUUM ANALYZE app.users, app.notes, app.note_shares");
        var cells = new List<string>();
        foreach (var (_, path) in Asked)
        {
            var took = new TimeSpan[Requests];
            for (var number = -20; number < Requests; number++)
            {
                var clock = Stopwatch.GetTimestamp();
                await api.GetAsync(path(someone), someone.Token);
                if (number >= 0)
                    took[number] = Stopwatch.GetElapsedTime(clock);
                // Fewer iterations for slow requests.
                if (number >= 20 && Stopwatch.GetElapsedTime(clock) > TimeSpan.FromMilliseconds(200))
                {
                    took = took[..(number + 1)];
                    break;
                }
            }
            Array.Sort(took);
            cells.Add(
                string.Create(CultureInfo.InvariantCulture, $"{took[took.Length / 2].TotalMilliseconds:0.00} ms")
            );
        }
        Console.WriteLine($"| {row} | {string.Join(" | ", cells)} |");
    }

    static void Head(string what)
    {
        Console.WriteLine($"{what}, median:");
        Console.WriteLine($"| | {string.Join(" | ", Asked.Select(asked => asked.Name))} |");
        Console.WriteLine($"|---|{string.Concat(Asked.Select(_ => "---|"))}");
    }

    static async Task AssertPlansAsync(TestDatabase database, Someone someone)
    {
        var plans = await Plans.OfTheApiAsync(
            database,
            new Actor(someone.Id, someone.Session, IsAdmin: false, IsVerified: true),
            someone.Note,
            CancellationToken.None
        );
        foreach (var (query, plan) in plans)
            if (plan.Contains("Seq Scan", StringComparison.Ordinal))
                throw new InvalidOperationException($"{query} reads a table through:\n{plan}");
        Console.WriteLine($"(plans of {plans.Count} queries: no table is read through)");
    }

    static async Task<Someone> BeginAsync(TestDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        var (id, session, note) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        await using var command = new NpgsqlCommand(
            $"""
            INSERT INTO app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)
                VALUES ('{id}', '{ApiUnderLoad.Issuer}', '{id}', '{id}@example.com', true, '', false, now());
            INSERT INTO identity.sessions (id, issuer, user_id, created_at, auth_time, last_seen_at, ends_at, methods)
                VALUES ('{session}', '{ApiUnderLoad.Issuer}', '{id}', now(), now(), now(), now() + interval '1 day',
                    ARRAY['pwd']);
            INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                VALUES ('{note}', '{id}', 'The first', 'a needle', now(), now())
            """,
            connection
        );
        await command.ExecuteNonQueryAsync();
        return new(id, session, note, ApiUnderLoad.Token(id.ToString(), session));
    }

    static Task AddNotesAsync(TestDatabase database, Someone someone, int count) =>
        ExecuteAsync(
            database,
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                ALTER TABLE app.notes DISABLE TRIGGER USER;
                INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                    SELECT gen_random_uuid(), '{someone.Id}', 'Note ' || number, 'some words',
                        now() - number * interval '1 minute', now() - number * interval '1 minute'
                        FROM generate_series(1, {count}) AS number;
                ALTER TABLE app.notes ENABLE TRIGGER USER
                """
            )
        );

    static Task ShareAsync(TestDatabase database, Someone someone) =>
        ExecuteAsync(
            database,
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                INSERT INTO app.note_shares (id, note_id, address, can_edit, created_at)
                    SELECT gen_random_uuid(), note.id, '{someone.Id}@example.com', false, now() FROM app.notes AS note
                        JOIN app.users AS person ON person.id = note.owner_id WHERE person.issuer = 'issuer'
                        LIMIT {Shared};
                UPDATE app.note_shares SET user_id = '{someone.Id}' WHERE address = '{someone.Id}@example.com'
                """
            )
        );

    static async Task<string> CountAsync(TestDatabase database)
    {
        var notes = (long)(await database.ExecuteAsync("SELECT count(*) FROM app.notes"))!;
        var shares = (long)(await database.ExecuteAsync("SELECT count(*) FROM app.note_shares"))!;
        return string.Create(CultureInfo.InvariantCulture, $"{notes:N0} notes, {shares:N0} shares");
    }

    /// <summary>What may take minutes.</summary>
    internal static async Task ExecuteAsync(TestDatabase database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync();
    }
}
