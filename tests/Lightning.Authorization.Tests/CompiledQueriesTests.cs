using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Authorization.Tests;

/// <summary>A query compiled for one actor returns the right rows for every other.</summary>
public class CompiledQueriesTests(PostgresServer server)
{
    static readonly Actor[] Actors =
    [
        .. Shelf.Actors,
        Shelf.Bob with
        {
            IsVerified = true,
        },
        Shelf.Ada with
        {
            ActedBy = Shelf.Root.UserId,
        },
        Shelf.Ada with
        {
            UserId = Guid.NewGuid(),
        },
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Compiled_query_returns_the_rows_of_the_query_for_every_actor()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var ids = (await Shelf.FillAsync(database)).Select(book => book.Id).ToList();
        await using var shelf = Shelf.Connect(database.ConnectionString);
        var (policy, queries) = (new BookPolicy(), new CompiledQueries());
        var found = 0;
        foreach (var actor in Actors)
        {
            IQueryable<RowWithGrants<Book>> Last(QueryArguments arguments) =>
                shelf
                    .Books.AsNoTracking()
                    .First(
                        policy,
                        arguments.Actor,
                        Verb.Read,
                        books => books.OrderByDescending(book => book.Number).ThenBy(book => book.Id).Take(2)
                    )
                    .WithGrants(policy, arguments.Actor);
            (
                await ReadAsync(
                    queries.RunAsync(
                        shelf,
                        new PolicyQuery<Book, RowWithGrants<Book>>(policy, Verb.Read, "last", Last),
                        new(actor)
                    )
                )
            ).ShouldBe(await ReadAsync(Last(new(actor)).AsAsyncEnumerable()));
            foreach (var id in ids)
            {
                // A context per run, as requests have.
                await using var own = Shelf.Connect(database.ConnectionString);
                IQueryable<RowWithGrants<Book>> ById(QueryArguments arguments) =>
                    own
                        .Books.AsNoTracking()
                        .Where(policy, arguments.Actor, Verb.Read)
                        .Where(book => book.Id == arguments.Key)
                        .WithGrants(policy, arguments.Actor);
                var rows = await ReadAsync(
                    queries.RunAsync(
                        own,
                        new PolicyQuery<Book, RowWithGrants<Book>>(policy, Verb.Read, "by id", ById),
                        new(actor, id)
                    )
                );
                rows.ShouldBe(await ReadAsync(ById(new(actor, id)).AsAsyncEnumerable()));
                found += rows.Count;
            }
        }
        found.ShouldBeInRange(1, (Actors.Length * ids.Count) - 1);
        // One per combination of administrator, verified and impersonated.
        queries.Count.ShouldBeInRange(2, 16);
    }

    [Fact]
    public async Task Rule_with_client_evaluation_of_the_actor_is_not_compiled()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await Shelf.FillAsync(database);
        await using var shelf = Shelf.Connect(database.ConnectionString);
        var actors = new[] { Shelf.Ada, Shelf.Bob };
        foreach (var actor in actors)
            shelf.Books.Add(new Book { OwnerId = actor.UserId, Title = $"Of {actor.UserId}" });
        await shelf.SaveChangesAsync(Cancellation);
        var (policy, queries) = (new NamedPolicy(), new CompiledQueries());
        for (var times = 0; times < 2; times++)
            foreach (var actor in actors)
            {
                var owners = new List<Guid>();
                await foreach (
                    var owner in queries.RunAsync(
                        shelf,
                        new PolicyQuery<Book, Guid>(
                            policy,
                            Verb.Read,
                            "named",
                            arguments =>
                                shelf.Books.Where(policy, arguments.Actor, Verb.Read).Select(book => book.OwnerId)
                        ),
                        new(actor)
                    )
                )
                    owners.Add(owner);
                owners.ShouldBe([actor.UserId]);
            }
        queries.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Query_with_a_captured_value_is_not_compiled()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await Shelf.FillAsync(database);
        await using var shelf = Shelf.Connect(database.ConnectionString);
        var (policy, queries, elsewhere) = (new BookPolicy(), new CompiledQueries(), new Searched());
        foreach (var title in new[] { "Title", "title" })
        {
            elsewhere.Title = title;
            var titles = new List<string?>();
            await foreach (
                var found in queries.RunAsync(
                    shelf,
                    new PolicyQuery<Book, string?>(
                        policy,
                        Verb.Read,
                        "elsewhere",
                        arguments =>
                            shelf
                                .Books.Where(policy, arguments.Actor, Verb.Read)
                                .Where(book => book.Title == elsewhere.Title)
                                .Select(book => book.Title)
                    ),
                    new(Shelf.Ada)
                )
            )
                titles.Add(found);
            titles.Distinct().ShouldBe([title]);
        }
        queries.Count.ShouldBe(0);
    }

    static async Task<List<(Guid, int)>> ReadAsync(IAsyncEnumerable<RowWithGrants<Book>> rows)
    {
        var read = new List<(Guid, int)>();
        await foreach (var row in rows)
            read.Add((row.Row.Id, row.Granted));
        return read;
    }

    sealed class Searched
    {
        public string? Title { get; set; }
    }

    sealed class NamedPolicy : Policy<Book>
    {
        static readonly Rule<Book> Named = Rule.For<Book>((actor, book) => book.Title == "Of " + actor.UserId);

        public NamedPolicy() => Allow(Verb.Read, Named);
    }
}
