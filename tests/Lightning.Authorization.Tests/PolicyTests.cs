using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Lightning.Authorization.Tests;

public class PolicyTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    sealed class StatusPolicy : ActorPolicy
    {
        public StatusPolicy() => Allow(Verb.Read, Is.Admin);
    }

    sealed class Untranslatable : Policy<Book>
    {
        static readonly Rule<Book> Odd = Rule.For<Book>((_, book) => Strange(book.Title));

        public Untranslatable() => Allow(Verb.Read, Odd);

        static bool Strange(string? title) => title?.Length % 2 == 1;
    }

    [Fact]
    public async Task Object_check_scope_and_possibility_agree_for_every_actor_and_verb()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var books = await Shelf.FillAsync(database);
        var policy = new BookPolicy();
        await using var shelf = Shelf.Connect(database.ConnectionString);
        // Navigations are not loaded: rules must not need them, and an unloaded one must not grant.
        var loaded = await shelf.Books.AsNoTracking().ToListAsync(Cancellation);
        foreach (var actor in Shelf.Actors)
        {
            var withGrants = await shelf
                .Books.AsNoTracking()
                .WithGrants(policy, actor)
                .ToDictionaryAsync(row => row.Row.Id, Cancellation);
            foreach (var verb in Enum.GetValues<Verb>())
            {
                var scope = (
                    await shelf.Books.Where(policy, actor, verb).Select(book => book.Id).ToListAsync(Cancellation)
                ).ToHashSet();
                scope.ShouldBe(
                    books.Where(book => Truth(actor, verb, book)).Select(book => book.Id),
                    ignoreOrder: true,
                    $"{actor} {verb}"
                );
                if (scope.Count > 0)
                    policy.IsPossible(actor, verb).ShouldBeTrue();
                foreach (var book in loaded)
                {
                    (await policy.MayAsync(shelf, actor, verb, book, Cancellation)).ShouldBe(
                        scope.Contains(book.Id),
                        $"{actor} {verb}"
                    );
                    if (verb is not (Verb.Create or Verb.Read))
                        policy
                            .May(actor, verb, withGrants[book.Id])
                            .ShouldBe(scope.Contains(book.Id), $"{actor} {verb}");
                }
            }
        }
        policy.IsPossible(Shelf.Bob, Verb.Create).ShouldBeFalse();
        policy.IsPossible(Shelf.Ada, Verb.Delete).ShouldBeFalse();
    }

    static bool Truth(Actor actor, Verb verb, Book book)
    {
        var (owner, editor) = (
            book.OwnerId == actor.UserId,
            book.Loans.Any(loan => loan.UserId == actor.UserId && loan.CanEdit)
        );
        return verb switch
        {
            Verb.Read => owner || editor || actor.IsAdmin,
            Verb.Update => owner || editor,
            Verb.Create => owner && actor.IsVerified,
            _ => false,
        };
    }

    [Fact]
    public async Task Explanation_of_a_denial_names_every_rule_and_its_reason()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var books = await Shelf.FillAsync(database);
        await using var shelf = Shelf.Connect(database.ConnectionString);
        var policy = new BookPolicy();
        var adas = books.First(book => book.OwnerId == Shelf.Ada.UserId && book.Loans.Count == 0);

        (await policy.ExplainAsync(shelf, Shelf.Bob, Verb.Update, adas, Cancellation))
            .ToString()
            .ShouldBe(
                "Update denied: not (owner | editor). owner: it belongs to another user. editor: it is not lent to "
                    + "you for editing."
            );
        (await policy.ExplainAsync(shelf, Shelf.Ada, Verb.Update, adas, Cancellation))
            .ToString()
            .ShouldBe("Update allowed: owner | editor. owner: holds. editor: it is not lent to you for editing.");
        (await policy.ExplainAsync(shelf, Shelf.Ada, Verb.Delete, adas, Cancellation))
            .ToString()
            .ShouldBe("Delete denied: no rule allows it.");
    }

    [Fact]
    public void Rule_as_text_has_only_the_necessary_parentheses()
    {
        var (a, b) = (
            Rule.For<Book>((_, book) => book.Open, name: "a"),
            Rule.For<Book>((_, book) => book.Open, name: "b")
        );
        ((a | b) & !(a ^ b) | Is.Admin & b).ToString().ShouldBe("(a | b) & !(a ^ b) | admin & b");
        (a | b | a).Parts.Select(part => part.Name).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task Rule_for_two_actors_is_one_entry_in_the_query_cache()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await Shelf.FillAsync(database);
        var policy = new BookPolicy();
        var compilations = 0;
        await using var shelf = new Shelf(
            new DbContextOptionsBuilder<Shelf>()
                .UseNpgsql(database.ConnectionString)
                .LogTo((id, _) => id == CoreEventId.QueryCompilationStarting, _ => compilations++)
                .Options
        );
        for (var i = 0; i < 20; i++)
        {
            var actor = Shelf.Ada with { UserId = Guid.NewGuid() };
            await shelf
                .Books.AsNoTracking()
                .Where(policy, actor, Verb.Read)
                .WithGrants(policy, actor)
                .ToListAsync(Cancellation);
        }
        compilations.ShouldBe(1);
    }

    [Fact]
    public void Fields_of_a_verb_are_those_declared_and_none_for_writes_by_default()
    {
        var policy = new BookPolicy();
        policy.Fields(Verb.Update).ShouldBe(["Title", "Number"], ignoreOrder: true);
        policy.Fields(Verb.Create)!.ShouldBeEmpty();
        policy.Fields(Verb.Delete)!.ShouldBeEmpty();
        policy.Reaches(Verb.Read, nameof(Book.OwnerId)).ShouldBeTrue();
        policy.Reaches(Verb.Update, nameof(Book.OwnerId)).ShouldBeFalse();
    }

    [Fact]
    public void ActorPolicy_decides_by_the_actor_only()
    {
        new StatusPolicy().May(Shelf.Root, Verb.Read).ShouldBeTrue();
        new StatusPolicy().May(Shelf.Ada, Verb.Read).ShouldBeFalse();
        new StatusPolicy().May(Shelf.Root, Verb.Update).ShouldBeFalse();
    }

    [Fact]
    public void Startup_with_an_untranslatable_rule_fails_with_its_name()
    {
        using var shelf = Shelf.Connect("Host=localhost;Database=never-reached");
        Should
            .Throw<PolicyTranslationException>(() => Policies.Check(shelf, [new BookPolicy(), new Untranslatable()]))
            .Message.ShouldStartWith("The rule \"Untranslatable, Read: odd\" cannot be made into SQL");
    }
}
