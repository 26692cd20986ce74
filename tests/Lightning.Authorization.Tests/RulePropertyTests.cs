using FsCheck;
using FsCheck.Fluent;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Authorization.Tests;

/// <summary>
/// For any composition of rules, memory, SQL and the truth table give the same rows.
/// </summary>
public class RulePropertyTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Random_compositions_give_the_same_rows_in_memory_and_in_SQL()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var books = await Shelf.FillAsync(database);
        await using var shelf = Shelf.Connect(database.ConnectionString);
        var (some, decided) = (0, 0);

        Prop.ForAll(
                Gen.Sized(size => RandomRules.Trees(Math.Min(size / 8, 6))).ToArbitrary(),
                tree =>
                {
                    foreach (var actor in Shelf.Actors)
                    {
                        var truth = books.Where(book => tree.Truth(actor, book)).Select(book => book.Id).ToHashSet();
                        var condition = tree.Rule.For(actor);
                        condition
                            .Apply(shelf.Books)
                            .Select(book => book.Id)
                            .ToHashSet()
                            .ShouldBe(truth, ignoreOrder: true, $"{tree} for {actor}");
                        if (truth.Count > 0)
                            condition.IsPossible.ShouldBeTrue();
                        if (truth.Count > 0 && truth.Count < books.Count)
                            some++;
                        foreach (var book in books)
                            if (tree.Rule.Decide(actor, book) is { } answer)
                            {
                                answer.ShouldBe(truth.Contains(book.Id), $"{tree} for {actor}");
                                decided++;
                            }
                    }
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(200));

        // Neither all rows nor none, which constant rules would give too.
        some.ShouldBeGreaterThan(200);
        decided.ShouldBeGreaterThan(1000);
    }

    [Fact]
    public async Task Negation_of_nulls_follows_CSharp_semantics()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var books = await Shelf.FillAsync(database);
        var truth = books.Count(book => !(book.Number > book.Other));
        var negated = !Rule.For<Book>((_, book) => book.Number > book.Other);

        await using var shelf = Shelf.Connect(database.ConnectionString);
        (await negated.For(Shelf.Ada).Apply(shelf.Books).CountAsync(Cancellation)).ShouldBe(truth);
        // The result of a translation that ignores nulls.
        (
            await shelf
                .Books.FromSql($"""SELECT * FROM "Books" WHERE NOT ("Number" > "Other")""")
                .CountAsync(Cancellation)
        ).ShouldNotBe(truth);
    }
}
