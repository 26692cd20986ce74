using System.Linq.Expressions;
using System.Net;
using System.Text;
using Lightning.Admin.Engine.Exports;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests.Library;

/// <summary>URLs and files are processed completely or refused.</summary>
public sealed class LibraryAddressTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static readonly string ElevenWords = string.Join('+', Enumerable.Range(1, 11).Select(number => $"w{number}"));

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Refused =>
        new()
        {
            { "books", $"q={ElevenWords}" },
            { "reviews", "q=anything" },
            { "books", "col=title&col=secret" },
            { "books", "deleted=maybe" },
            { "authors", "deleted=yes" },
            { "books", "q=one&q=two" },
            { "books", "sort=title&sort=price" },
            { "books", "f.pages.from=1&f.pages.from=3" },
            { "books", "f.pages.empty=yes&f.pages.empty=no" },
        };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Url_with_an_invalid_part_shows_only_errors(string slug, string query)
    {
        var state = ListState.Read(library.Site.Find(slug)!, QueryHelpers.ParseQuery(query));
        state.Errors.ShouldHaveSingleItem();
        await using var open = library.Open(slug);
        (await open.Rows.ListAsync(state, Cancellation)).Rows.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("WyIrIiwieCJd")]
    public async Task Invalid_cursor_is_an_error(string place)
    {
        await using var open = library.Open("books");
        var page = await open.Rows.ListAsync(new ListState { Cursor = place }, Cancellation);
        page.Rows.ShouldBeEmpty();
        page.Error.ShouldNotBeNull();
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        foreach (
            var (path, said) in new[]
            {
                ($"/books?at={place}", "This page does not exist"),
                ($"/books/-/edits?at={place}", "This page does not exist"),
                ("/books/-/edits?sort=secret", "cannot be sorted by “secret”"),
            }
        )
        {
            using var answer = await root.GetAsync(path, ("Accept", "text/html"));
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, path);
            var told = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancellation));
            told.ShouldContain(said, Case.Sensitive, path);
            told.ShouldNotContain("name=\"rows:", Case.Sensitive, path);
        }
        root.Dispose();
    }

    [Fact]
    public async Task Invalid_search_finds_nothing()
    {
        await using (var open = library.Open("reviews"))
            (await open.Rows.Lookup.PickAsync("anything", 20, Cancellation)).ShouldBeEmpty();
        await using (var open = library.Open("books"))
            (await open.Rows.Lookup.PickAsync("a\0b", 20, Cancellation)).ShouldBeEmpty();
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        foreach (var path in new[] { $"/search?q={ElevenWords}", $"/books/-/pick?q={ElevenWords}" })
            (await root.GetAsync(path, ("Accept", "text/html"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest, path);
        root.Dispose();
    }

    [Theory]
    [InlineData("../sessions/end?handler=Everyone%26sure=true%26x=")]
    [InlineData("..%2Fsessions%2Fend%3Fhandler%3DEveryone%26sure%3Dtrue%26x%3D")]
    [InlineData("x%22%20formaction=")]
    [InlineData("%2F%2Fevil.example%2F")]
    public async Task Undo_with_an_invalid_key_is_not_offered(string row)
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var page = await LibrarySiteTests.ReadAsync(root, $"/books?done=deleted&row={row}");
        page.ShouldContain("Book deleted.");
        page.ShouldNotContain("handler=Restore");
        page.ShouldNotContain("sessions/end");
        var key = Guid.NewGuid();
        (await LibrarySiteTests.ReadAsync(root, $"/books?done=deleted&row={key}")).ShouldContain(
            $"action=\"/books/{key}/delete?handler=Restore\""
        );
        root.Dispose();
    }

    [Fact]
    public async Task Key_in_non_canonical_form_is_rejected()
    {
        var hostile = new Shelf { Room = "x?handler=Restore&y=/../..", Number = 9 };
        await using var db = library.Connect();
        db.Shelves.Add(hostile);
        await db.SaveChangesAsync(Cancellation);
        await using var open = library.Open("shelves");
        foreach (
            var text in new[]
            {
                "x?handler=Restore&y=/../..,9",
                "x~3Fhandler=Restore~26y~3D~2F~2E~2E~2F~2E~2E,9",
                "x y,9",
                "é,9",
                "x.,9",
            }
        )
        {
            RowKey.Parse(text, library.Site.Find("shelves")!.Key).ShouldBeNull(text);
            (await open.Rows.FindAsync(text, Cancellation)).ShouldBeNull(text);
        }
        var key = RowKey.Format([hostile.Room, hostile.Number]);
        (await open.Rows.FindAsync(key, Cancellation)).ShouldNotBeNull().Key.ShouldBe(key);
        (await open.Rows.DeleteAsync(key)).ShouldBe((true, null));
    }

    [Fact]
    public void Any_number_of_keys_is_one_parameter()
    {
        using var db = library.Connect();
        var query = new RowQuery<Book>(
            (AdminFor<Book>)library.Site.Find("books")!,
            new(library.Site, db, library.Root, TimeProvider.System)
        );
        var texts = new[] { 1, 2, 500 }
            .Select(count =>
                query
                    .WithKeys(db.Books, [.. Enumerable.Range(0, count).Select(_ => new object[] { Guid.NewGuid() })])
                    .ToQueryString()
            )
            .Select(text =>
                string.Join('\n', text.Split('\n').Where(line => !line.StartsWith("--", StringComparison.Ordinal)))
            )
            .Distinct();
        texts.ShouldHaveSingleItem().ShouldNotContain(" OR ");
    }

    [Fact]
    public void Many_composite_keys_do_not_nest_deeply()
    {
        using var db = library.Connect();
        var query = new RowQuery<Shelf>(
            (AdminFor<Shelf>)library.Site.Find("shelves")!,
            new(library.Site, db, library.Root, TimeProvider.System)
        );
        var row = Expression.Parameter(typeof(Shelf), "shelf");
        DepthOf(query.HasAnyKey(row, [.. Enumerable.Range(0, 1000).Select(number => new object[] { "a", number })]))
            .ShouldBeLessThan(12);

        static int DepthOf(Expression condition) =>
            condition is BinaryExpression { NodeType: ExpressionType.OrElse } either
                ? 1 + Math.Max(DepthOf(either.Left), DepthOf(either.Right))
                : 0;
    }

    [Fact]
    public async Task Years_are_listed_newest_first_despite_extreme_dates()
    {
        await using var db = library.Connect();
        var author = (await db.Authors.FirstAsync(author => author.Name == "Ada", Cancellation)).Id;
        var days = new[]
        {
            new DateOnly(9999, 12, 31),
            new DateOnly(9998, 1, 1),
            new DateOnly(1600, 1, 1),
            new DateOnly(1200, 5, 5),
        };
        db.Books.AddRange(
            days.Select(day => new Book
            {
                Title = "Long ago, or never",
                AuthorId = author,
                PublishedOn = day,
            })
        );
        await db.SaveChangesAsync(Cancellation);
        await using var open = library.Open("books");
        var facets = await open.Rows.FacetsAsync(
            new ListState(),
            library.Site.Find("books")!.Filters.Single(filter => filter.Name == "publishedOn"),
            Cancellation
        );
        facets
            .Select(facet => facet.Title)
            .ShouldBe(["9998", "2022", "2021", "2020", "1600", "1200", "Empty", "Not empty"]);
        await db.Books.Where(book => book.Title == "Long ago, or never").ExecuteDeleteAsync(Cancellation);
    }

    [Fact]
    public async Task List_of_an_unreadable_row_is_empty()
    {
        await using var db = library.Connect();
        await library.Database.ExecuteAsync(
            """
            INSERT INTO library.book_tag (books_id, tags_id) SELECT id, (SELECT min(id) FROM library.tags)
                FROM library.books
            """
        );
        var review = Expression.Parameter(typeof(Review), "review");
        var reads = new ScopedReads(library.Site, library.Root);
        Expression<Func<Review, object?>>[] about =
        [
            row => row.Book!.Tags.Count,
            row => row.Book!.Tags.Count(),
            row => row.Book!.Tags.Count(tag => tag.Name != ""),
        ];
        foreach (var hidden in new[] { true, false })
        foreach (var column in about)
        {
            var counts = await db
                .Reviews.Where(row => row.Book!.IsRestricted == hidden)
                .Select(Expression.Lambda<Func<Review, int>>(reads.Value(column, review), review))
                .Distinct()
                .ToListAsync(Cancellation);
            counts.ShouldBe([hidden ? 0 : 1], column.ToString());
        }
        await library.Database.ExecuteAsync("DELETE FROM library.book_tag");
    }

    [Theory]
    [InlineData("title\r\n\"never closed\r\nanother\r\n")]
    [InlineData("title\r\na\"b\r\n")]
    [InlineData("title\r\n\"a\"b\r\n")]
    [InlineData("title\r\n\"a\"\r\n\"")]
    public void Csv_with_unclosed_quotes_is_refused(string text) =>
        CsvText.Read(text).Error.ShouldNotBeNull().ShouldContain("quote");

    [Fact]
    public async Task Csv_that_is_not_utf8_is_refused()
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        await using var db = library.Connect();
        var author = (await db.Authors.FirstAsync(author => author.Name == "Ada", Cancellation)).Id;
        var text = $"title,genre,author\r\nÜber,Poem,{author}\r\n";
        foreach (
            var (encoding, status) in new (Encoding, HttpStatusCode)[]
            {
                (Encoding.Latin1, HttpStatusCode.UnprocessableEntity),
                (new UTF8Encoding(true), HttpStatusCode.OK),
                (Encoding.Unicode, HttpStatusCode.OK),
            }
        )
        {
            var token = System
                .Text.RegularExpressions.Regex.Match(
                    await LibrarySiteTests.ReadAsync(root, "/books/-/import"),
                    "name=\"__RequestVerificationToken\"[^>]*value=\"([^\"]*)"
                )
                .Groups[1]
                .Value;
            using var form = new MultipartFormDataContent
            {
                { new StringContent(token), "__RequestVerificationToken" },
                { new ByteArrayContent([.. encoding.GetPreamble(), .. encoding.GetBytes(text)]), "file", "books.csv" },
            };
            using var answer = await root.SendAsync(HttpMethod.Post, "/books/-/import", form, ("Accept", "text/html"));
            var page = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Cancellation));
            answer.StatusCode.ShouldBe(status, encoding.WebName);
            page.ShouldContain(status == HttpStatusCode.OK ? "Über" : "not UTF-8 text");
        }
        (await library.Database.ExecuteAsync("SELECT count(*) FROM library.books WHERE title LIKE '%ber'")).ShouldBe(
            0L
        );
        root.Dispose();
    }
}
