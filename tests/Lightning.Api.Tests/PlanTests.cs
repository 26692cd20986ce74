using Lightning.Authorization;
using Lightning.Data.Notes;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Api.Tests;

/// <summary>
/// Execution plans with the notes of many users: rules and row-level security must use indexes.
/// </summary>
public class PlanTests(PostgresServer server)
{
    const int People = 1000,
        NotesEach = 60,
        SharesEach = 3;

    /// <summary>A word, a beginning, a phrase, an accent, a part of a run of letters, and operators.</summary>
    static readonly string[] Searches =
    [
        "needle",
        "nee",
        "\"a needle\"",
        "a/need",
        "nèedle",
        "会議",
        "needle -hat or x",
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Queries_use_indexes()
    {
        await using var database = await server.CreateDatabaseAsync();
        await Plans.FillAsync(database, People, NotesEach, SharesEach);
        var someone = (Guid)(await database.ExecuteAsync("SELECT id FROM app.users ORDER BY subject LIMIT 1"))!;
        var note = (Guid)
            (await database.ExecuteAsync($"SELECT note_id FROM app.note_shares WHERE user_id = '{someone}' LIMIT 1"))!;
        var (actor, policy) = (new Actor(someone, Guid.NewGuid(), IsAdmin: false, IsVerified: true), new NotePolicy());
        foreach (var (query, plan) in await Plans.OfTheApiAsync(database, actor, note, Cancellation))
            ReadsThrough(plan).ShouldBeFalse($"{query}: {plan}");
        foreach (var words in Searches)
        {
            var search = await Plans.OfSearchAsync(database, someone, words, Cancellation);
            ReadsThrough(search).ShouldBeFalse(search);
        }
        // For a user with many notes the search uses the full-text index.
        await database.ExecuteAsync(
            $"""
            ALTER TABLE app.notes DISABLE TRIGGER USER;
            INSERT INTO app.notes (id, owner_id, title, body, created_at, updated_at)
                SELECT gen_random_uuid(), '{someone}', 'Note', CASE number WHEN 7 THEN 'a/needle 会議の記録' ELSE 'hay'
                    END, now(), now() FROM generate_series(1, 100000) AS number;
            """
        );
        await database.ExecuteAsync("VACUUM ANALYZE app.notes");
        foreach (var words in Searches)
            (await Plans.OfSearchAsync(database, someone, words, Cancellation)).ShouldContain(
                "Bitmap Index Scan on ix_notes_words",
                customMessage: words
            );
        // The rule as a single condition would scan the table: otherwise this test could not fail.
        ReadsThrough(
                await Plans.OfAsync(
                    database,
                    actor,
                    db =>
                        db.Notes.Where(policy, actor, Verb.Read)
                            .OrderByDescending(row => row.UpdatedAt)
                            .Take(20)
                            .ToListAsync(Cancellation),
                    Cancellation
                )
            )
            .ShouldBeTrue();
    }

    /// <summary>A full scan of the table, or of an index over the notes of all users.</summary>
    static bool ReadsThrough(string plan) =>
        new[] { "Seq Scan", " ix_notes_updated_at_id", " ix_notes_created_at_id" }.Any(way =>
            plan.Contains(way, StringComparison.Ordinal)
        );
}
