using System.Text.Json;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Admin.Tests.Library;

/// <summary>Counts the rows that Postgres reads for a row with thousands of links.</summary>
public sealed class LinkReadTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Links_are_read_only_as_far_as_shown()
    {
        var id = Guid.CreateVersion7();
        await library.Database.ExecuteAsync(
            $"""
            INSERT INTO library.tags (name) SELECT 'Thousands ' || number FROM generate_series(1, 20000) AS number;
            INSERT INTO library.books (id, title, genre, is_new, keywords, author_id, is_restricted)
                SELECT '{id}', 'Thousands', 'Poem', false, ARRAY[]::text[], id, false FROM library.authors
                WHERE name = 'Ada';
            INSERT INTO library.book_tag (books_id, tags_id) SELECT '{id}', id FROM library.tags
                WHERE name LIKE 'Thousands %';
            ANALYZE library.book_tag; ANALYZE library.tags; ANALYZE library.books;
            """
        );
        var statements = new Statements();
        await using var db = new LibraryDb(
            new DbContextOptionsBuilder<LibraryDb>()
                .UseNpgsql(library.Database.ConnectionStringOf("admin"))
                .UseModel(library.Site.Model)
                .AddInterceptors(statements)
                .Options
        );
        var rows = library
            .Site.Find("books")!
            .Open(new AdminRequest(library.Site, db, library.Root, TimeProvider.System));
        (await ReadAsync(() => rows.FindAsync(id.ToString(), Cancellation))).ShouldBeLessThan(500);
        (await ReadAsync(() => rows.EditAsync(id.ToString(), Cancellation))).ShouldBeLessThan(1000);
        // Proves that the test works: counting the links reads all of them.
        (
            await ReadAsync(() =>
                db.Books.Where(book => book.Id == id).Select(book => book.Tags.Count).SingleAsync(Cancellation)
            )
        ).ShouldBeGreaterThan(10_000);

        async Task<long> ReadAsync<T>(Func<Task<T>> ask)
        {
            statements.Clear();
            await ask();
            var read = 0L;
            await db.Database.OpenConnectionAsync(Cancellation);
            foreach (var (text, parameters, _) in statements.Queries)
            {
                await using var explain = new NpgsqlCommand(
                    $"EXPLAIN (ANALYZE, FORMAT JSON) {text}",
                    (NpgsqlConnection)db.Database.GetDbConnection()
                );
                foreach (var parameter in parameters)
                    explain.Parameters.Add(parameter.Clone());
                using var plan = JsonDocument.Parse((string)(await explain.ExecuteScalarAsync(Cancellation))!);
                read += PlanTests.Look.Read(plan.RootElement[0].GetProperty("Plan"));
            }
            return read;
        }
    }
}
