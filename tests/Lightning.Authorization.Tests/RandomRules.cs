using FsCheck;
using FsCheck.Fluent;

namespace Lightning.Authorization.Tests;

/// <summary>Rules about books, and random compositions of them.</summary>
static class RandomRules
{
    /// <summary>A single rule, and its meaning in plain C# over loaded objects.</summary>
    public sealed record Single(Rule<Book> Rule, Func<Actor, Book, bool> Truth);

    public static readonly Single[] Singles =
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
            Rule.For<Book>((actor, book) => book.Parent!.OwnerId == actor.UserId, name: "parentOwner")
                .ThroughFunction(),
            (actor, book) => book.Parent?.OwnerId == actor.UserId
        ),
        new(
            Rule.For<Book>((_, book) => book.Parent!.Title == null, name: "parentUntitled").ThroughFunction(),
            (_, book) => book.Parent?.Title == null
        ),
        new(Is.Admin, (actor, _) => actor.IsAdmin),
        new(Is.Verified, (actor, _) => actor.IsVerified),
    ];

    /// <summary>A composition, and its truth table.</summary>
    public sealed record Tree(Rule<Book> Rule, Func<Actor, Book, bool> Truth)
    {
        public override string ToString() => Rule.ToString()!;
    }

    public static Gen<Tree> Trees(int size)
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
}
