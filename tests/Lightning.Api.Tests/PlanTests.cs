using System.Data.Common;
using Lightning.Api.Notes;
using Lightning.Data;
using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Lightning.Api.Tests;

/// <summary>How Postgres goes about the API's queries where there are many people's notes: by indexes, rule and row-level security together.</summary>
public class PlanTests(PostgresServer server)
{
    const int People = 1000, NotesEach = 60, SharesEach = 3;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Queries_AmongManyPeoplesNotes_ReadNoTableThrough()
    {
        await using var database = await server.CreateDatabaseAsync();
        await FillAsync(database);
        var someone = (Guid)(await database.ExecuteAsync("SELECT id FROM app.users ORDER BY subject LIMIT 1"))!;
        var note = (Guid)(await database.ExecuteAsync($"SELECT note_id FROM app.note_shares WHERE user_id = '{someone}' LIMIT 1"))!;
        var (actor, policy) = (new Actor(someone, Guid.NewGuid(), IsAdmin: false, IsVerified: true), new NotePolicy());
        var queries = NoteOrder.All.SelectMany(order => new[] { new NoteListQuery { Sort = order.Name }, new NoteListQuery { Sort = order.Name, Shared = true }, new NoteListQuery { Sort = order.Name, Shared = false } })
            .Concat([new NoteListQuery { Q = "words" }, new NoteListQuery { Archived = true }, new NoteListQuery { Pinned = true }]);
        foreach (var query in queries)
            (await PlanAsync(database, actor, db => query.First(db, policy, actor, 20).Guard(policy, actor).ToListAsync(Cancellation))).ShouldNotContain("Seq Scan", Case.Sensitive, query.ToString());
        (await PlanAsync(database, actor, db => db.Notes.Where(policy, actor, Verb.Read).Where(row => row.Id == note).Guard(policy, actor).ToListAsync(Cancellation))).ShouldNotContain("Seq Scan");
        (await PlanAsync(database, actor, db => db.NoteShares.Where(new NoteSharePolicy(), actor, Verb.Read).Where(share => share.NoteId == note).ToListAsync(Cancellation))).ShouldNotContain("Seq Scan");
        // What the rule would cost as one condition, or this test could not fail.
        (await PlanAsync(database, actor, db => db.Notes.Where(policy, actor, Verb.Read).OrderByDescending(row => row.UpdatedAt).Take(20).ToListAsync(Cancellation))).ShouldContain("Seq Scan");
    }

    static async Task FillAsync(TestDatabase database) => await database.ExecuteAsync($"""
        ALTER TABLE app.users DISABLE TRIGGER USER;
        ALTER TABLE app.notes DISABLE TRIGGER USER;
        ALTER TABLE app.note_shares DISABLE TRIGGER USER;
        INSERT INTO app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)
            SELECT gen_random_uuid(), 'issuer', number::text, number || '@example.com', true, '', false, now() FROM generate_series(1, {People}) AS number;
        INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
            SELECT gen_random_uuid(), person.id, 'Note ' || number, 'some words', now() - number * interval '1 minute', now() - number * interval '1 minute'
            FROM app.users AS person, generate_series(1, {NotesEach}) AS number;
        INSERT INTO app.note_shares (id, note_id, address, user_id, can_edit, created_at)
            SELECT gen_random_uuid(), note.id, person.email, person.id, number % 2 = 0, now()
            FROM (SELECT id, row_number() OVER () AS place FROM app.notes) AS note CROSS JOIN generate_series(1, {SharesEach}) AS number
            JOIN app.users AS person ON person.subject = ((note.place * 7 + number * 331) % {People} + 1)::text;
        ANALYZE app.users; ANALYZE app.notes; ANALYZE app.note_shares;
        """);

    /// <summary>Runs a query with the API's role and rights, and has its plan.</summary>
    static async Task<string> PlanAsync(TestDatabase database, Actor actor, Func<LightningDb, Task> query)
    {
        var captured = new Captured();
        await using var db = new LightningDb(new DbContextOptionsBuilder<LightningDb>(database.Options()).UseNpgsql(database.ConnectionStringOf("api")).AddInterceptors(captured).Options);
        await db.Database.OpenConnectionAsync(Cancellation);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        await RowSecurity.AnnounceAsync(connection, actor, Cancellation);
        await query(db);
        await using var explain = new NpgsqlCommand($"EXPLAIN {captured.Text}", connection);
        foreach (var parameter in captured.Parameters) explain.Parameters.Add(parameter.Clone());
        var lines = new List<string>();
        await using var reader = await explain.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation)) lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }

    sealed class Captured : DbCommandInterceptor
    {
        public string Text { get; private set; } = "";

        public IReadOnlyList<NpgsqlParameter> Parameters { get; private set; } = [];

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            (Text, Parameters) = (command.CommandText, [.. command.Parameters.Cast<NpgsqlParameter>()]);
            return new(result);
        }
    }
}
