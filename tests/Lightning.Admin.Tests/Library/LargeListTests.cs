using System.Text.Json;
using Lightning.Admin.Audit;
using Lightning.Admin.Engine.Audit;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data.Audit;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lightning.Admin.Tests.Library;

/// <summary>The library's lists treated as large tables: the rows that Postgres reads, and the warnings.</summary>
public sealed class LargeListTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    const int Books = 30_000,
        Old = 3_000;

    /// <summary>A page has fifty rows; checking the policy reads the thousand authors.</summary>
    const int Most = 2_000;
    readonly Statements statements = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The tag is on the oldest books, so a scan back from the newest reads nearly all of them.</summary>
    [Fact]
    public async Task List_filtered_by_a_link_seeks_in_an_index()
    {
        await library.Database.ExecuteAsync(
            $"""
            INSERT INTO library.tags (id, name) OVERRIDING SYSTEM VALUE VALUES (77, 'Old'), (78, 'Everywhere');
            INSERT INTO library.books (id, title, genre, is_new, keywords, author_id, is_restricted)
                SELECT uuidv7((number - {Books}) * interval '1 hour'), 'Number ' || number, 'Poem', false,
                    ARRAY[]::text[], (SELECT id FROM library.authors WHERE name = 'Ada'), number % 10 = 9
                    FROM generate_series(1, {Books}) AS number;
            INSERT INTO library.book_tag (books_id, tags_id) SELECT id, 78 FROM library.books
                WHERE title LIKE 'Number %';
            INSERT INTO library.book_tag (books_id, tags_id) SELECT id, 77 FROM (SELECT id FROM library.books
                WHERE title LIKE 'Number %' ORDER BY id LIMIT {Old}) AS old;
            CREATE INDEX ix_of_this_test ON library.book_tag (tags_id, books_id);
            """
        );
        await library.Database.ExecuteAsync("VACUUM ANALYZE library.books");
        await library.Database.ExecuteAsync("VACUUM ANALYZE library.book_tag");
        await using var services = Services();
        foreach (var tag in new[] { 77, 78 })
        {
            var state = Read(services, $"f.tags.is={tag}");
            var page = await ReadAsync(services, rows => rows.ListAsync(state, Cancellation));
            page.Answer.Rows.Count.ShouldBe(50);
            page.Read.ShouldBeLessThan(Most);
            var next = await ReadAsync(
                services,
                rows => rows.ListAsync(state with { Cursor = page.Answer.Next }, Cancellation)
            );
            next.Answer.Rows.Count.ShouldBe(50);
            next.Read.ShouldBeLessThan(Most);
            next.Answer.Rows.Select(row => row.Key).Intersect(page.Answer.Rows.Select(row => row.Key)).ShouldBeEmpty();
            var count = await ReadAsync(services, rows => rows.CountAsync(state, Cancellation));
            count.Answer.ToString().ShouldBe("1,000+");
            count.Read.ShouldBeLessThan(3_000);
            (
                await ReadAsync(
                    services,
                    rows =>
                        rows.FacetsAsync(
                            state,
                            services
                                .GetRequiredService<AdminSite>()
                                .Find("books")!
                                .Filters.Single(filter => filter.Name == "tags"),
                            Cancellation
                        )
                )
            ).Read.ShouldBeLessThan(9_000);
        }
        // Proves that the test works: without the hint Postgres scans the books.
        await ReadAsync(services, rows => rows.ListAsync(Read(services, "f.tags.is=77"), Cancellation));
        using var plan = JsonDocument.Parse(
            await PlanAsync(
                statements.Queries.Single(one => one.Settings.Length > 0) with
                {
                    Settings = "",
                },
                "ANALYZE, FORMAT JSON"
            )
        );
        PlanTests.Look.Read(plan.RootElement[0].GetProperty("Plan")).ShouldBeGreaterThan(5 * Most);
    }

    /// <summary>Authors with one name: some readable, many more not.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(1001)]
    public async Task Search_warning_does_not_reveal_unreadable_rows(int readable)
    {
        await using (var db = library.Connect())
        {
            await db.Books.Where(book => book.Title == "By one of many").ExecuteDeleteAsync(Cancellation);
            await db.Authors.Where(author => author.Name.StartsWith("Homonym")).ExecuteDeleteAsync(Cancellation);
        }
        await library.Database.ExecuteAsync(
            $"""
            INSERT INTO library.authors (id, name, is_hidden)
                SELECT gen_random_uuid(), 'Homonym ' || number, number > {readable}
                FROM generate_series(1, {readable} + 3000) AS number;
            INSERT INTO library.books (id, title, genre, is_new, keywords, author_id, is_restricted)
                SELECT gen_random_uuid(), 'By one of many', 'Poem', false, ARRAY[]::text[], id, false
                    FROM library.authors WHERE name IN ('Homonym 1', 'Homonym 2', 'Homonym 3', 'Homonym {readable
                + 1}');
            CREATE INDEX IF NOT EXISTS ix_authors_words ON library.authors USING gin (to_tsvector('simple', name));
            CREATE INDEX IF NOT EXISTS ix_books_words ON library.books USING gin (to_tsvector('simple', title));
            """
        );
        await library.Database.ExecuteAsync("VACUUM ANALYZE library.authors");
        await using var services = Services();
        var (said, looks) = (new List<string>(), 0);
        foreach (var _ in new[] { "with them", "without them" })
        {
            foreach (var search in new[] { "homonym", "many homonym", "\"homonym 2\"" })
            {
                var (page, _) = await ReadAsync(
                    services,
                    rows => rows.ListAsync(new ListState { Search = search }, Cancellation)
                );
                await SeeThatTheyAreByWordsAsync();
                var picked = await ReadAsync(
                    services,
                    async rows => (await rows.Lookup.PickAsync(search, 20, Cancellation), rows.Lookup.SearchWarnings)
                );
                await SeeThatTheyAreByWordsAsync();
                said.Add(
                    string.Join(
                        '|',
                        page.SearchWarnings.Concat(picked.Answer.SearchWarnings)
                            .Append($"{page.Rows.Count} {picked.Answer.Item1.Count}")
                    )
                );
            }
            await using var db = library.Connect();
            await db
                .Books.Where(book => book.Author!.IsHidden && book.Title == "By one of many")
                .ExecuteDeleteAsync(Cancellation);
            await db
                .Authors.Where(author => author.IsHidden && author.Name.StartsWith("Homonym"))
                .ExecuteDeleteAsync(Cancellation);
        }
        looks.ShouldBeGreaterThanOrEqualTo(12);
        said[..3].ShouldBe(said[3..]);
        said[0].Contains("matches more than 1,000 authors", StringComparison.Ordinal).ShouldBe(readable > 1000);
        said[1].ShouldEndWith(readable > 1000 ? "|0 0" : "3 3");

        // Each search of the authors uses their text search index, except for the sample of 500 rows for a phrase.
        async Task SeeThatTheyAreByWordsAsync()
        {
            foreach (
                var statement in statements.Queries.Where(one =>
                    one.Text.Contains("to_tsvector", StringComparison.Ordinal)
                    && !one.Text.Contains("library.books", StringComparison.Ordinal)
                    && !one.Text.StartsWith("SELECT EXISTS", StringComparison.Ordinal)
                )
            )
            {
                (await PlanAsync(statement)).ShouldContain("ix_authors_words");
                looks++;
            }
        }
    }

    /// <summary>All of these books contain both words; one in 25 contains the phrase.</summary>
    [Fact]
    public async Task Frequent_phrase_is_read_in_list_order()
    {
        await library.Database.ExecuteAsync(
            """
            INSERT INTO library.books (id, title, genre, is_new, keywords, author_id, is_restricted)
                SELECT uuidv7((number - 40000) * interval '1 hour'), CASE WHEN number % 25 = 0 THEN 'Spring orchard '
                    ELSE 'Orchard spring ' END || number, 'Poem', false, ARRAY[]::text[],
                    (SELECT id FROM library.authors WHERE name = 'Ada'), false FROM generate_series(1, 40000) AS number;
            CREATE INDEX IF NOT EXISTS ix_books_words ON library.books USING gin (to_tsvector('simple', title));
            """
        );
        await library.Database.ExecuteAsync("VACUUM ANALYZE library.books");
        try
        {
            await using var services = Services();
            var page = await ReadAsync(
                services,
                rows => rows.ListAsync(Read(services, "q=\"spring orchard\""), Cancellation)
            );
            page.Answer.Rows.Count.ShouldBe(50);
            page.Answer.Rows.ShouldAllBe(row => row.Name.StartsWith("Spring orchard"));
            // Collecting the maximum number of keys would read 25,000 rows.
            page.Read.ShouldBeLessThan(12_000);
            // A rare phrase is searched among all rows that contain its words.
            var few = await ReadAsync(
                services,
                rows => rows.ListAsync(Read(services, "q=\"spring orchard 25\""), Cancellation)
            );
            few.Answer.Rows.ShouldHaveSingleItem().Name.ShouldBe("Spring orchard 25");
            few.Read.ShouldBeLessThan(Most);
        }
        finally
        {
            await library.Database.ExecuteAsync("DELETE FROM library.books WHERE title ILIKE '%orchard%'");
            await library.Database.ExecuteAsync("VACUUM ANALYZE library.books");
        }
    }

    /// <summary>
    /// No index finds rows without a related row: only small tables offer that filter, and URLs for others are refused.
    /// </summary>
    [Fact]
    public async Task Filter_by_missing_links_needs_a_small_table()
    {
        await using var services = Services();
        var books = services.GetRequiredService<AdminSite>().Find("books")!;
        ListState.Read(books, QueryHelpers.ParseQuery("f.tags.empty=yes")).Errors.ShouldHaveSingleItem();
        await using var scope = services.CreateAsyncScope();
        var rows = books.Open(
            new(
                services.GetRequiredService<AdminSite>(),
                scope.ServiceProvider.GetRequiredService<DbContext>(),
                library.Root,
                TimeProvider.System
            )
        );
        var offered = await rows.FacetsAsync(Read(services, ""), books.Filters.Single(), Cancellation);
        offered.ShouldNotBeEmpty();
        offered.ShouldAllBe(facet => facet.Title != "Empty" && facet.Title != "Not empty" && facet.Count != null);
    }

    ServiceProvider Services()
    {
        var services = new ServiceCollection();
        services.AddScoped<DbContext>(_ => new LibraryDb(
            new DbContextOptionsBuilder<LibraryDb>()
                .UseNpgsql(library.Database.ConnectionStringOf("admin"))
                .UseSnakeCaseNamingConvention()
                .AddInterceptors(statements)
                .Options
        ));
        services
            .AddSingleton<Registration, ManyBooks>()
            .AddSingleton<Registration, ManyAuthors>()
            .AddSingleton<Registration, SomeTags>()
            .AddSingleton<AdminSite>()
            .AddSingleton<IAuditLog>(new AdminAuditLog(new AuditPolicy(), new UserPolicy()));
        services
            .AddSingleton<Policy<Book>, BookPolicy>()
            .AddSingleton<Policy<Author>, AuthorPolicy>()
            .AddSingleton<Policy<Tag>, TagPolicy>();
        return services.BuildServiceProvider();
    }

    static ListState Read(ServiceProvider services, string query)
    {
        var state = ListState.Read(
            services.GetRequiredService<AdminSite>().Find("books")!,
            QueryHelpers.ParseQuery(query)
        );
        state.Errors.ShouldBeEmpty();
        return state;
    }

    /// <summary>The result and the number of rows read for it.</summary>
    async Task<(T Answer, long Read)> ReadAsync<T>(ServiceProvider services, Func<Rows, Task<T>> ask)
    {
        await using var scope = services.CreateAsyncScope();
        var site = services.GetRequiredService<AdminSite>();
        statements.Clear();
        var answer = await ask(
            site.Find("books")!
                .Open(
                    new(site, scope.ServiceProvider.GetRequiredService<DbContext>(), library.Root, TimeProvider.System)
                )
        );
        var read = 0L;
        foreach (var statement in statements.Queries)
        {
            using var plan = JsonDocument.Parse(await PlanAsync(statement, "ANALYZE, FORMAT JSON"));
            read += PlanTests.Look.Read(plan.RootElement[0].GetProperty("Plan"));
        }
        return (answer, read);
    }

    /// <summary>The plan of a statement, with the planner settings it ran with.</summary>
    async Task<string> PlanAsync(Statement statement, string how = "COSTS OFF")
    {
        await using var connection = new NpgsqlConnection(library.Database.ConnectionStringOf("admin"));
        await connection.OpenAsync(Cancellation);
        await using (
            var set = new NpgsqlCommand(
                $"SELECT 1; {statement.Settings.Replace("SET LOCAL", "SET", StringComparison.Ordinal)}",
                connection
            )
        )
            await set.ExecuteNonQueryAsync(Cancellation);
        await using var explain = new NpgsqlCommand($"EXPLAIN ({how}) {statement.Text}", connection);
        foreach (var parameter in statement.Parameters)
            explain.Parameters.Add(parameter.Clone());
        var lines = new List<string>();
        await using var reader = await explain.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
            lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }

    sealed class ManyBooks : AdminFor<Book>
    {
        public ManyBooks()
            : base("Books") =>
            List(book => book.Title)
                .Search(book => book.Title, book => book.Author!.Name)
                .UsingIndex("ix_books_words")
                .Filter(book => book.Tags);
    }

    sealed class ManyAuthors : AdminFor<Author>
    {
        public ManyAuthors()
            : base("Authors") =>
            List(author => author.Name).Search(author => author.Name).UsingIndex("ix_authors_words");
    }

    sealed class SomeTags : AdminFor<Tag>
    {
        public SomeTags()
            : base("Tags") => List(tag => tag.Name).Search(tag => tag.Name).SmallTable();
    }
}
