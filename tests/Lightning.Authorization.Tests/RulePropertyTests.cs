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

    /// <summary>A single rule, and its meaning in plain C# over loaded objects.</summary>
    sealed record Single(Rule<Book> Rule, Func<Actor, Book, bool> Truth);

    static readonly Single[] Singles =
    [
        new(
            Rule.For<Book>((actor, book) => book.OwnerId == actor.UserId, name: "owner"),
            (actor, book) => book.OwnerId == actor.UserId
        ),
        new(Rule.For<Book>((_, book) => book.Open, name: "open"), (_, book) => book.Open),
        new(Rule.For<Book>((_, book) => book.Number > 3, name: "greater"), (_, book) => book.Number > 3),
        new(Rule.For<Book>((_, book) => !(book.Number <= 3), name: "notLess"), (_, book) => !(book.Number <= 3)),
        new(
            Rule.For<Book>((_, book) => book.Number > 3 == book.Other > 3, name: "alike"),
            (_, book) => book.Number > 3 == book.Other > 3
        ),
        new(
            Rule.For<Book>((_, book) => book.Number != book.Other, name: "different"),
            (_, book) => book.Number != book.Other
        ),
        new(Rule.For<Book>((_, book) => book.Title == null, name: "untitled"), (_, book) => book.Title == null),
        new(Rule.For<Book>((_, book) => book.Title == "Title", name: "titled"), (_, book) => book.Title == "Title"),
        new(
            Rule.For<Book>((_, book) => book.Title != null && book.Title.StartsWith("%_"), name: "wild"),
            (_, book) => book.Title != null && book.Title.StartsWith("%_", StringComparison.Ordinal)
        ),
        new(
            Rule.For<Book>((actor, book) => book.Loans.Any(loan => loan.UserId == actor.UserId), name: "shared"),
            (actor, book) => book.Loans.Any(loan => loan.UserId == actor.UserId)
        ),
        new(
            Rule.For<Book>(
                (actor, book) => book.Loans.Any(loan => loan.UserId == actor.UserId && !(loan.Level < 3)),
                name: "notLow"
            ),
            (actor, book) => book.Loans.Any(loan => loan.UserId == actor.UserId && !(loan.Level < 3))
        ),
        new(
            Rule.For<Book>((_, book) => book.Loans.All(loan => loan.Level > 2), name: "allHigh"),
            (_, book) => book.Loans.All(loan => loan.Level > 2)
        ),
        new(
            Rule.For<Book>((actor, book) => book.Parent!.OwnerId == actor.UserId, name: "parentOwner"),
            (actor, book) => book.Parent?.OwnerId == actor.UserId
        ),
        new(
            Rule.For<Book>((_, book) => book.Parent!.Title == null, name: "parentUntitled"),
            (_, book) => book.Parent?.Title == null
        ),
        new(Is.Admin, (actor, _) => actor.IsAdmin),
        new(Is.Verified, (actor, _) => actor.IsVerified),
    ];

    /// <summary>A composition, and its truth table.</summary>
    sealed record Tree(Rule<Book> Rule, Func<Actor, Book, bool> Truth)
    {
        public override string ToString() => Rule.ToString()!;
    }

    static Gen<Tree> Trees(int size)
    {
        var single = Gen.Elements(Singles).Select(single => new Tree(single.Rule, single.Truth));
        if (size == 0)
            return single;
        var negated = Trees(size - 1).Select(tree => new Tree(!tree.Rule, (actor, book) => !tree.Truth(actor, book)));
        var both =
            from left in Trees(size / 2)
            from right in Trees(size / 2)
            from sign in Gen.Elements('|', '&', '^')
            select sign switch
            {
                '|' => new Tree(
                    left.Rule | right.Rule,
                    (actor, book) => left.Truth(actor, book) | right.Truth(actor, book)
                ),
                '&' => new Tree(
                    left.Rule & right.Rule,
                    (actor, book) => left.Truth(actor, book) & right.Truth(actor, book)
                ),
                _ => new Tree(
                    left.Rule ^ right.Rule,
                    (actor, book) => left.Truth(actor, book) ^ right.Truth(actor, book)
                ),
            };
        return Gen.OneOf(single, negated, both, both);
    }

    [Fact]
    public async Task Random_compositions_give_the_same_rows_in_memory_and_in_SQL()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var books = await Shelf.FillAsync(database);
        await using var shelf = Shelf.Connect(database.ConnectionString);
        var (some, decided) = (0, 0);

        Prop.ForAll(
                Gen.Sized(size => Trees(Math.Min(size / 8, 6))).ToArbitrary(),
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
