using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Authorization.Tests;

public sealed class PolicyQueriesTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>For every actor, the first page by a rule's alternatives equals the first page by the rule.</summary>
    [Fact]
    public async Task First_by_alternatives_returns_the_first_rows_of_the_scope()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await Shelf.FillAsync(database);
        await using var shelf = Shelf.Connect(database.ConnectionString);
        var policy = new BookPolicy();
        foreach (var actor in Shelf.Actors)
        foreach (var count in new[] { 1, 3, 100 })
        {
            var whole = await shelf
                .Books.Where(policy, actor, Verb.Read)
                .OrderByDescending(book => book.Id)
                .Take(count)
                .Select(book => book.Id)
                .ToListAsync(Cancellation);
            var parts = await shelf
                .Books.First(policy, actor, Verb.Read, books => books.OrderByDescending(book => book.Id).Take(count))
                .WithGrants(policy, actor)
                .ToListAsync(Cancellation);
            parts.Select(book => book.Row.Id).ShouldBe(whole);
        }
    }
}
