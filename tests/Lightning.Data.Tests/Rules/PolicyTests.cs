using Lightning.Data.Rules;
using Lightning.ServiceDefaults;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Lightning.Data.Tests.Rules;

public class PolicyTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    sealed class BookPolicy : Policy<Book>
    {
        static readonly Rule<Book> Owner = Rule.For<Book>((actor, book) => book.OwnerId == actor.UserId, "it belongs to another user");
        static readonly Rule<Book> Editor = Rule.For<Book>((actor, book) => book.Loans.Any(loan => loan.UserId == actor.UserId && loan.CanEdit), "it is not lent to you for editing");

        public BookPolicy()
        {
            Allow(Verb.Read, Owner | Editor | Is.Admin);
            Allow(Verb.Update, Owner | Editor).Fields(book => book.Title, book => book.Number);
            Allow(Verb.Create, Owner & Is.Verified);
        }
    }

    sealed class StatusPolicy : HeadlessPolicy
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
    public async Task Policy_EveryActorVerbAndRow_ObjectScopeAndPossibilityAgree()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var books = await FillAsync(database);
        var policy = new BookPolicy();
        await using var shelf = Shelf.Connect(database.ConnectionString);
        // Without navigations loaded: they must not be needed, and an unloaded one must not grant.
        var loaded = await shelf.Books.AsNoTracking().ToListAsync(Cancellation);
        foreach (var actor in Shelf.Actors)
        {
            var guarded = await shelf.Books.AsNoTracking().Guard(policy, actor).ToDictionaryAsync(row => row.Row.Id, Cancellation);
            foreach (var verb in Enum.GetValues<Verb>())
            {
                var scope = (await shelf.Books.Where(policy, actor, verb).Select(book => book.Id).ToListAsync(Cancellation)).ToHashSet();
                scope.ShouldBe(books.Where(book => Truth(actor, verb, book)).Select(book => book.Id), ignoreOrder: true, $"{actor} {verb}");
                if (scope.Count > 0) policy.IsPossible(actor, verb).ShouldBeTrue();
                foreach (var book in loaded)
                {
                    (await policy.MayAsync(shelf, actor, verb, book, Cancellation)).ShouldBe(scope.Contains(book.Id), $"{actor} {verb}");
                    if (verb is not (Verb.Create or Verb.Read)) policy.May(actor, verb, guarded[book.Id]).ShouldBe(scope.Contains(book.Id), $"{actor} {verb}");
                }
            }
        }
        policy.IsPossible(Shelf.Bob, Verb.Create).ShouldBeFalse();
        policy.IsPossible(Shelf.Ada, Verb.Delete).ShouldBeFalse();
    }

    static bool Truth(Actor actor, Verb verb, Book book)
    {
        var (owner, editor) = (book.OwnerId == actor.UserId, book.Loans.Any(loan => loan.UserId == actor.UserId && loan.CanEdit));
        return verb switch
        {
            Verb.Read => owner || editor || actor.IsAdmin,
            Verb.Update => owner || editor,
            Verb.Create => owner && actor.IsVerified,
            _ => false,
        };
    }

    [Fact]
    public async Task Explain_ADenial_NamesEveryRuleAndWhyItDoesNotHold()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var books = await FillAsync(database);
        await using var shelf = Shelf.Connect(database.ConnectionString);
        var policy = new BookPolicy();
        var adas = books.First(book => book.OwnerId == Shelf.Ada.UserId && book.Loans.Count == 0);

        (await policy.ExplainAsync(shelf, Shelf.Bob, Verb.Update, adas, Cancellation)).ToString()
            .ShouldBe("Update denied: not (owner | editor). owner: it belongs to another user. editor: it is not lent to you for editing.");
        (await policy.ExplainAsync(shelf, Shelf.Ada, Verb.Update, adas, Cancellation)).ToString()
            .ShouldBe("Update allowed: owner | editor. owner: holds. editor: it is not lent to you for editing.");
        (await policy.ExplainAsync(shelf, Shelf.Ada, Verb.Delete, adas, Cancellation)).ToString().ShouldBe("Delete denied: no rule allows it.");
    }

    [Fact]
    public void Rule_AsText_HasTheBracketsThatItNeeds()
    {
        var (a, b) = (Rule.For<Book>((_, book) => book.Open, name: "a"), Rule.For<Book>((_, book) => book.Open, name: "b"));
        ((a | b) & !(a ^ b) | Is.Admin & b).ToString().ShouldBe("(a | b) & !(a ^ b) | admin & b");
        (a | b | a).Parts.Select(part => part.Name).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task OneRule_ForTwoActors_IsOneEntryInThePlanCache()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await FillAsync(database);
        var policy = new BookPolicy();
        var compilations = 0;
        await using var shelf = new Shelf(new DbContextOptionsBuilder<Shelf>().UseNpgsql(database.ConnectionString)
            .LogTo((id, _) => id == CoreEventId.QueryCompilationStarting, _ => compilations++).Options);
        for (var i = 0; i < 20; i++)
        {
            var actor = Shelf.Ada with { UserId = Guid.NewGuid() };
            await shelf.Books.AsNoTracking().Where(policy, actor, Verb.Read).Guard(policy, actor).ToListAsync(Cancellation);
        }
        compilations.ShouldBe(1);
    }

    [Fact]
    public void Fields_OfAVerb_AreThoseStatedAndWritingHasNoneUnlessStated()
    {
        var policy = new BookPolicy();
        policy.Fields(Verb.Update).ShouldBe(["Title", "Number"], ignoreOrder: true);
        policy.Fields(Verb.Create)!.ShouldBeEmpty();
        policy.Fields(Verb.Delete)!.ShouldBeEmpty();
        policy.Reaches(Verb.Read, nameof(Book.OwnerId)).ShouldBeTrue();
        policy.Reaches(Verb.Update, nameof(Book.OwnerId)).ShouldBeFalse();
    }

    [Fact]
    public void HeadlessPolicy_AsksAboutTheActorOnly()
    {
        new StatusPolicy().May(Shelf.Root, Verb.Read).ShouldBeTrue();
        new StatusPolicy().May(Shelf.Ada, Verb.Read).ShouldBeFalse();
        new StatusPolicy().May(Shelf.Root, Verb.Update).ShouldBeFalse();
    }

    [Fact]
    public void Start_WithARuleThatIsNoSql_IsRefusedWithItsName()
    {
        using var shelf = Shelf.Connect("Host=localhost;Database=never-reached");
        Should.Throw<ConfigurationException>(() => Policies.Check(shelf, [new BookPolicy(), new Untranslatable()]))
            .Message.ShouldStartWith("The rule \"Untranslatable, Read: odd\" cannot be made into SQL");
    }

    static async Task<IReadOnlyList<Book>> FillAsync(TestDatabase database)
    {
        await using var shelf = Shelf.Connect(database.ConnectionString);
        await shelf.Database.EnsureCreatedAsync(Cancellation);
        var books = Shelf.HostileBooks();
        shelf.AddRange(books);
        await shelf.SaveChangesAsync(Cancellation);
        return books;
    }
}
