using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

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
        await Plans.FillAsync(database, People, NotesEach, SharesEach);
        var someone = (Guid)(await database.ExecuteAsync("SELECT id FROM app.users ORDER BY subject LIMIT 1"))!;
        var note = (Guid)(await database.ExecuteAsync($"SELECT note_id FROM app.note_shares WHERE user_id = '{someone}' LIMIT 1"))!;
        var (actor, policy) = (new Actor(someone, Guid.NewGuid(), IsAdmin: false, IsVerified: true), new NotePolicy());
        foreach (var (query, plan) in await Plans.OfTheApiAsync(database, actor, note, Cancellation)) ReadsThrough(plan).ShouldBeFalse($"{query}: {plan}");
        var search = await Plans.OfSearchAsync(database, someone, "needle", Cancellation);
        ReadsThrough(search).ShouldBeFalse(search);
        // Somebody with many notes has them looked through by the words' index, and not one by one.
        await database.ExecuteAsync($"""
            ALTER TABLE app.notes DISABLE TRIGGER USER;
            INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                SELECT gen_random_uuid(), '{someone}', 'Note', CASE number WHEN 7 THEN 'a needle' ELSE 'hay' END, now(), now() FROM generate_series(1, 20000) AS number;
            """);
        await database.ExecuteAsync("VACUUM ANALYZE app.notes");
        (await Plans.OfSearchAsync(database, someone, "needle", Cancellation)).ShouldContain("Bitmap Index Scan on ix_notes_words");
        // What the rule would cost as one condition, or this test could not fail.
        ReadsThrough(await Plans.OfAsync(database, actor, db => db.Notes.Where(policy, actor, Verb.Read).OrderByDescending(row => row.UpdatedAt).Take(20).ToListAsync(Cancellation), Cancellation)).ShouldBeTrue();
    }

    /// <summary>From end to end, or along an index of everybody's notes, which is the administrators'.</summary>
    static bool ReadsThrough(string plan) => new[] { "Seq Scan", " ix_notes_updated_at_id", " ix_notes_created_at_id" }.Any(way => plan.Contains(way, StringComparison.Ordinal));
}
