using Lightning.Data.Notes;
using Lightning.Data.Rules;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Data.Tests.Notes;

/// <summary>A query that was compiled for one actor finds for every other what their own query would.</summary>
public class CompiledQueriesTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_ForEveryActorAndKey_FindsWhatTheQueryItselfFinds()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await Neighbourhood.FillAsync(database);
        await using var db = database.Connect();
        var (policy, queries) = (new NotePolicy(), new CompiledQueries());
        var ids = await db.Notes.Select(note => note.Id).ToListAsync(Cancellation);
        var found = 0;
        foreach (var actor in actors)
        {
            IQueryable<Guarded<Note>> Newest(Asked asked) => db.Notes.AsNoTracking()
                .First(policy, asked.Actor, Verb.Read, notes => notes.OrderByDescending(note => note.UpdatedAt).ThenBy(note => note.Id).Take(2)).Guard(policy, asked.Actor);
            (await Told(queries.RunAsync(db, policy, Verb.Read, new(actor, Guid.Empty), "newest", Newest))).ShouldBe(await Told(Newest(new(actor, Guid.Empty)).AsAsyncEnumerable()));
            foreach (var id in ids)
            {
                // Of a context of its own each time, as requests have.
                await using var own = database.Connect();
                IQueryable<Guarded<Note>> ById(Asked asked) => own.Notes.AsNoTracking().Where(policy, asked.Actor, Verb.Read).Where(note => note.Id == asked.Key).Guard(policy, asked.Actor);
                var rows = await Told(queries.RunAsync(own, policy, Verb.Read, new(actor, id), "by id", ById));
                rows.ShouldBe(await Told(ById(new(actor, id)).AsAsyncEnumerable()));
                found += rows.Count;
            }
        }
        found.ShouldBeInRange(1, (actors.Count * ids.Count) - 1);
        // An administrator or not, verified or not, themself or not: fewer plans than actors times notes.
        queries.Count.ShouldBeInRange(2, 16);
    }

    [Fact]
    public async Task Run_ByARuleThatWorksSomethingOutOfTheActor_IsNotCompiled_AndRightForEachOfThem()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await Neighbourhood.FillAsync(database);
        await using var db = database.Connect();
        var (ada, eve) = (actors[0], actors[3]);
        foreach (var actor in new[] { ada, eve })
            db.Notes.Add(new Note { OwnerId = actor.UserId, Title = $"Of {actor.UserId}", Body = "", CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch });
        await db.SaveChangesAsync(Cancellation);
        var (policy, queries) = (new NamedPolicy(), new CompiledQueries());
        for (var times = 0; times < 2; times++)
            foreach (var actor in new[] { ada, eve })
            {
                var owners = new List<Guid>();
                await foreach (var owner in queries.RunAsync(db, policy, Verb.Read, new(actor, Guid.Empty), "named", asked => db.Notes.Where(policy, asked.Actor, Verb.Read).Select(note => note.OwnerId)))
                    owners.Add(owner);
                owners.ShouldBe([actor.UserId]);
            }
        queries.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Run_ByWhatIsReadFromElsewhere_IsNotCompiled_AndAsksForWhatItIsNow()
    {
        await using var database = await server.CreateDatabaseAsync();
        var ada = (await Neighbourhood.FillAsync(database))[0];
        await using var db = database.Connect();
        var (policy, queries, elsewhere) = (new NotePolicy(), new CompiledQueries(), new Note { OwnerId = ada.UserId, Title = "", Body = "", CreatedAt = default, UpdatedAt = default });
        foreach (var title in new[] { "Title", "title" })
        {
            elsewhere.Title = title;
            var titles = new List<string>();
            await foreach (var found in queries.RunAsync(db, policy, Verb.Read, new(ada, Guid.Empty), "elsewhere", asked => db.Notes.Where(policy, asked.Actor, Verb.Read).Where(note => note.Title == elsewhere.Title).Select(note => note.Title)))
                titles.Add(found);
            titles.Distinct().ShouldBe([title]);
        }
        queries.Count.ShouldBe(0);
    }

    static async Task<List<(Guid, int)>> Told(IAsyncEnumerable<Guarded<Note>> rows)
    {
        var told = new List<(Guid, int)>();
        await foreach (var row in rows) told.Add((row.Row.Id, row.Granted));
        return told;
    }

    sealed class NamedPolicy : Policy<Note>
    {
        static readonly Rule<Note> Named = Rule.For<Note>((actor, note) => note.Title == "Of " + actor.UserId);

        public NamedPolicy() => Allow(Verb.Read, Named);
    }
}
