using FsCheck;
using FsCheck.Fluent;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Authorization.Tests;

/// <summary>Generated row-level security allows what the rules allow, and nothing without an actor.</summary>
public sealed class GeneratedRowSecurityTests(PostgresServer server)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Random_compositions_give_the_same_rows_in_the_database()
    {
        await using var library = await RestrictedShelf.CreateAsync(server);
        await using var connection = await library.ConnectAsync();
        var some = 0;

        Prop.ForAll(
                Gen.Sized(size => RandomRules.Trees(Math.Min(size / 8, 6))).ToArbitrary(),
                tree =>
                {
                    library.Secure(new AnyPolicy(tree.Rule));
                    foreach (var actor in Shelf.Actors)
                    {
                        var truth = library
                            .Books.Where(book => tree.Truth(actor, book))
                            .Select(book => book.Id)
                            .ToHashSet();
                        RestrictedShelf
                            .Read(connection, actor)
                            .ShouldBe(truth, ignoreOrder: true, $"{tree} for {actor}: {library.Script}");
                        if (truth.Count > 0 && truth.Count < library.Books.Count)
                            some++;
                    }
                    RestrictedShelf.Read(connection, null).ShouldBeEmpty($"{tree} without an actor: {library.Script}");
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(100));

        // Neither all rows nor none, which constant policies would give too.
        some.ShouldBeGreaterThan(100);
    }

    [Fact]
    public async Task Every_command_follows_the_rules_of_its_verbs()
    {
        await using var library = await RestrictedShelf.CreateAsync(server);
        var policy = new ShelfPolicy();
        library.Secure(policy);
        await using var connection = await library.ConnectAsync();
        var some = 0;

        foreach (var actor in Shelf.Actors)
        {
            var (shelf, books) = (library.Owner, library.Books);
            async Task<HashSet<Guid>> MayAsync(Verb verb) =>
                [
                    .. await policy
                        .Scope(actor, verb)
                        .Apply(shelf.Books)
                        .Select(book => book.Id)
                        .ToListAsync(Cancellation),
                ];
            var (read, update, archive) = (
                await MayAsync(Verb.Read),
                await MayAsync(Verb.Update),
                await MayAsync(Verb.Archive)
            );
            // An update returns rows, so they must be readable too.
            var updated = RestrictedShelf.Run(
                connection,
                actor,
                """UPDATE "Books" SET "Open" = "Open" RETURNING "Id";"""
            );
            updated.ShouldBe(update.Union(archive).Intersect(read), ignoreOrder: true);
            RestrictedShelf
                .Run(connection, actor, """DELETE FROM "Books" RETURNING "Id";""")
                .ShouldBe((await MayAsync(Verb.Delete)).Intersect(read), ignoreOrder: true);
            foreach (var owner in Shelf.Actors)
                RestrictedShelf
                    .Inserts(connection, actor, owner.UserId)
                    .ShouldBe(owner == actor && actor.IsVerified, $"{actor} for {owner}");
            some += updated.Count > 0 && updated.Count < books.Count ? 1 : 0;
        }

        // Neither all rows nor none, which constant policies would give too.
        some.ShouldBe(2);
    }

    /// <summary>A variant without a part of the rule gives other rows, so the comparison notices a lost part.</summary>
    [Fact]
    public async Task Comparison_notices_each_missing_part()
    {
        await using var library = await RestrictedShelf.CreateAsync(server);
        await using var connection = await library.ConnectAsync();
        HashSet<Guid>[] Rows(Rule<Book> rule)
        {
            library.Secure(new AnyPolicy(rule));
            return
            [
                .. Shelf.Actors.Append(Shelf.Impersonated).Select(actor => RestrictedShelf.Read(connection, actor)),
            ];
        }
        var (owner, editor, open) = (ShelfPolicy.Owner, ShelfPolicy.Editor, ShelfPolicy.Open);
        var whole = Rows((owner | editor & !open | Is.Admin) & Is.NotImpersonated);

        foreach (
            var variant in new[]
            {
                (editor & !open | Is.Admin) & Is.NotImpersonated,
                (owner | !open | Is.Admin) & Is.NotImpersonated,
                (owner | editor | Is.Admin) & Is.NotImpersonated,
                (owner | editor & !open) & Is.NotImpersonated,
                owner | editor & !open | Is.Admin,
            }
        )
            Rows(variant).Zip(whole).Any(pair => !pair.First.SetEquals(pair.Second)).ShouldBeTrue($"{variant}");
    }

    [Fact]
    public void Rules_that_the_database_cannot_know_are_named_with_a_way_out()
    {
        var now = DateTime.UtcNow.Year;
        Message(new AnyPolicy(new ActorRule("on duty", "not on duty", _ => true)))
            .ShouldBe(
                "\"on duty\" of AnyPolicy cannot become a database policy: the application evaluates it: use a rule of "
                    + "Is, or one about a row."
            );
        Message(new AnyPolicy(Rule.For<Book>((actor, book) => book.Id == actor.SessionId, name: "session")))
            .ShouldBe(
                "\"session\" of AnyPolicy cannot become a database policy: the database does not know the actor's "
                    + "SessionId."
            );
        Message(new AnyPolicy(Rule.For<Book>((_, book) => book.Number == now, name: "now")))
            .ShouldContain("use a constant");
        Message(new AnyPolicy(Rule.For<Book>((_, book) => book.Parent!.Open, name: "parent")))
            .ShouldBe(
                "Postgres would evaluate these rules without end, because each reads a table that the next restricts: "
                    + "AnyPolicy: parent. Add .ThroughFunction() to one of them."
            );
        Should.Throw<ArgumentException>(() => (ShelfPolicy.Owner | ShelfPolicy.Editor).ThroughFunction());
    }

    /// <summary>SQL of another form than expected must not become a policy without a condition.</summary>
    [Fact]
    public void Condition_that_is_not_understood_is_refused()
    {
        var options = new DbContextOptionsBuilder<SpacedShelf>().UseNpgsql("Host=localhost").Options;
        Should
            .Throw<PolicyTranslationException>(() =>
                RowSecurityMigrations.Script(
                    options,
                    other => new SpacedShelf(other),
                    new("reader", "public"),
                    new AnyPolicy(ShelfPolicy.Owner)
                )
            )
            .Message.ShouldContain("no condition on one table");
    }

    sealed class SpacedShelf(DbContextOptions<SpacedShelf> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder) =>
            modelBuilder.Entity<Book>().ToTable("All books");
    }

    static string Message(AnyPolicy policy) =>
        Should.Throw<PolicyTranslationException>(() => RestrictedShelf.ScriptOf(policy)).Message;
}
