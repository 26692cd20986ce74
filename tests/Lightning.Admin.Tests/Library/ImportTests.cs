using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lightning.Admin.Engine.Exports;
using Lightning.Admin.Engine.Registrations;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests.Library;

/// <summary>Imports: what an export wrote comes back, and a file over a limit is refused.</summary>
public sealed class ImportTests(PostgresServer server)
{
    static readonly string[] Texts =
    [
        "=1+1",
        "'=1+1",
        "'quoted",
        "\uFEFF@bom",
        "\u00A0-1",
        "a;=1+1\t-2",
        "two\nlines",
        "two\r\nlines\r",
        "\"quoted\", with a comma",
        " spaces ",
        "null",
        "–",
        "会議の記録 😀",
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("csv")]
    [InlineData("json")]
    public async Task Export_of_every_list_that_can_be_imported_comes_back_column_for_column(string format)
    {
        await using var library = new LibraryUnderTest(server);
        await library.InitializeAsync();
        await AddBooksAsync(library);
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var tested = new List<string>();

        // Rows that refer to others first: an import gives rows new keys.
        foreach (var slug in library.Site.Registrations.Select(list => list.Slug).OrderBy(Place))
        {
            await using (var open = library.Open(slug))
                if (!open.Rows.CanCreate)
                    continue;
            tested.Add(slug);
            var file = await ExportAsync(root, slug, format);
            var before = await RowsAsync(file);
            before.Count.ShouldBeGreaterThan(0, slug);
            await library.Database.ExecuteAsync(
                $"SET session_replication_role = replica; DELETE FROM library.{slug}; RESET session_replication_role"
            );

            using var done = await ImportAsync(root, slug, file);

            done.StatusCode.ShouldBe(HttpStatusCode.SeeOther, slug);
            (await RowsAsync(await ExportAsync(root, slug, format))).ShouldBe(before, ignoreOrder: true, slug);
        }

        tested.ShouldBe(["reviews", "books", "shelves", "authors"]);
        root.Dispose();

        static int Place(string slug) => Array.IndexOf(["reviews", "books", "shelves", "authors"], slug);
    }

    [Fact]
    public async Task Import_of_the_lists_own_export_leaves_out_what_no_form_writes()
    {
        await using var library = new LibraryUnderTest(server);
        await library.InitializeAsync();
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        using var export = await root.GetAsync("/authors/-/export?format=csv&col=name&col=mentor.name");

        using var tried = await PostAsync(
            root,
            "authors",
            new ByteArrayContent(await export.Content.ReadAsByteArrayAsync(Cancellation)),
            "file"
        );

        var page = WebUtility.HtmlDecode(await tried.Content.ReadAsStringAsync(Cancellation));
        page.ShouldContain("These columns are not imported: mentor.name, key.");
        page.ShouldContain("These fields are not in the file, so new rows get their default: mentor.");
        (await root.GetAsync("/tags/-/export?format=csv&fields=form")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await root.GetAsync("/books/-/export?format=csv&fields=all")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        root.Dispose();
    }

    [Fact]
    public async Task File_over_a_limit_is_refused_with_413_and_the_limit()
    {
        await using var library = new LibraryUnderTest(server);
        await library.InitializeAsync();
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var rows = string.Concat(Enumerable.Range(0, CsvText.MaxRows + 1).Select(n => $"Author {n}\r\n"));
        var json = JsonSerializer.Serialize(
            Enumerable.Range(0, CsvText.MaxRows + 1).Select(n => new { name = $"{n}" })
        );
        var large = $"name\r\n{new string('x', ImportFile.MaxBytes)}\r\n";
        var huge = $"name\r\n{new string('x', ImportFile.MaxRequestBytes)}\r\n";

        foreach (var file in new[] { $"name\r\n{rows}", json, large, huge })
        {
            using var answer = await PostAsync(root, "authors", new StringContent(file), "file");

            answer.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
            var page = await answer.Content.ReadAsStringAsync(Cancellation);
            page.ShouldContain("1,000 rows and 2 MB");
        }
        // Another form over the limit of all forms.
        using var form = await root.SendAsync(
            HttpMethod.Post,
            "/authors/-/new",
            new FormUrlEncodedContent([new("name", new string('x', 1024 * 1024))]),
            ("Accept", "text/html")
        );
        using var script = await root.SendAsync(
            HttpMethod.Post,
            "/authors/-/new",
            new FormUrlEncodedContent([new("name", new string('x', 1024 * 1024))]),
            ("Accept", "application/json")
        );
        form.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await form.Content.ReadAsStringAsync(Cancellation)).ShouldContain("at most 1 MB");
        script.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await script.Content.ReadAsStringAsync(Cancellation)).ShouldContain("at most 1 MB");

        using var most = await PostAsync(
            root,
            "authors",
            new StringContent($"name\r\n{rows[..rows.LastIndexOf("Author", StringComparison.Ordinal)]}"),
            "file"
        );
        most.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await most.Content.ReadAsStringAsync(Cancellation)).ShouldContain("1000 rows are valid.");
        root.Dispose();
    }

    [Theory]
    [InlineData("[{\"name\":\"a\"},1]", "Row 2 of this JSON file is not an object.")]
    [InlineData("{\"name\":\"a\"}", "it must be an array of objects")]
    [InlineData("[{\"name\":\"a\"", "This is not a valid JSON file.")]
    [InlineData("[{\"name\":\"a\",\"name\":\"b\"}]", "Row 1 has two fields named name.")]
    [InlineData("[{\"name\":[\"a\\nb\"]}]", "an entry of a list cannot be empty or contain a line break")]
    [InlineData("[{\"name\":\"\\ud800\"}]", "not valid Unicode")]
    [InlineData("[]", "The file has no rows")]
    public async Task Json_file_with_a_mistake_is_refused(string text, string error) =>
        (await ImportFile.ReadAsync(Encoding.UTF8.GetBytes(text))).Error.ShouldNotBeNull().ShouldContain(error);

    static async Task AddBooksAsync(LibraryUnderTest library)
    {
        await using var db = library.Connect();
        var (author, hidden) = (
            await db.Authors.FirstAsync(row => row.Name == "Ada", Cancellation),
            db.Authors.Where(row => row.IsHidden).Select(row => row.Id)
        );
        // What the administrator cannot read, and what a form refuses, cannot be imported either.
        await db.Books.Where(row => hidden.Contains(row.AuthorId) || row.Title == "").ExecuteDeleteAsync(Cancellation);
        // An import gives rows new keys, so a row cannot refer to another of its own file.
        await db
            .Authors.Where(row => row.MentorId != null)
            .ExecuteUpdateAsync(row => row.SetProperty(one => one.MentorId, (Guid?)null), Cancellation);
        var tags = await db.Tags.OrderBy(tag => tag.Id).Take(2).ToListAsync(Cancellation);
        foreach (var (text, index) in Texts.Select((text, index) => (text, index)))
            db.Books.Add(
                new Book
                {
                    Title = text,
                    Subtitle =
                        index % 3 == 0 ? null
                        : index % 3 == 1 ? ""
                        : text,
                    Genre = Genre.ShortStory,
                    SecondGenre = index % 2 == 0 ? null : Genre.Poem,
                    Price = index % 2 == 0 ? -29.5m : null,
                    Pages = index,
                    IsLent = index % 2 == 0 ? null : index % 4 == 1,
                    IsNew = index % 2 == 0,
                    PublishedOn = new DateOnly(1999, 12, 31),
                    ReadAt = new DateTimeOffset(2026, 3, 14, 15, 9, 26, TimeSpan.Zero).AddMicroseconds(535_897),
                    Keywords = index % 2 == 0 ? [] : ["one", "=two"],
                    Extra = index % 2 == 0 ? null : """{"a": [1, "=x"]}""",
                    Origin = index % 2 == 0 ? null : new Origin { City = text, Year = 1900 },
                    Dedication = index % 2 == 0 ? null : new Dedication { To = text },
                    AuthorId = author.Id,
                    Tags = index % 2 == 0 ? [] : [.. tags],
                    Translators = index % 3 == 0 ? [author] : [],
                }
            );
        await db.SaveChangesAsync(Cancellation);
    }

    static async Task<byte[]> ExportAsync(Browser root, string slug, string format)
    {
        using var answer = await root.GetAsync($"/{slug}/-/export?format={format}&fields=form");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, slug);
        return await answer.Content.ReadAsByteArrayAsync(Cancellation);
    }

    static async Task<List<string>> RowsAsync(byte[] file)
    {
        var read = await ImportFile.ReadAsync(file);
        read.Error.ShouldBeNull();
        return [.. read.Rows.Select(row => JsonSerializer.Serialize(row))];
    }

    /// <summary>Uploads a file and confirms, as a browser does.</summary>
    static async Task<HttpResponseMessage> ImportAsync(Browser root, string slug, byte[] file)
    {
        using var tried = await PostAsync(root, slug, new ByteArrayContent(file), "file");
        var page = await tried.Content.ReadAsStringAsync(Cancellation);
        tried.StatusCode.ShouldBe(HttpStatusCode.OK, $"{slug}: {page}");
        return await PostAsync(root, slug, new StringContent(Hidden("data", page)), "data");
    }

    internal static async Task<HttpResponseMessage> PostAsync(
        Browser root,
        string slug,
        HttpContent content,
        string name
    )
    {
        var token = Hidden("__RequestVerificationToken", await LibrarySiteTests.ReadAsync(root, $"/{slug}/-/import"));
        using var form = new MultipartFormDataContent { { new StringContent(token), "__RequestVerificationToken" } };
        if (name == "file")
            form.Add(content, name, "rows.csv");
        else
        {
            form.Add(content, name);
            form.Add(new StringContent("yes"), "sure");
        }
        return await root.SendAsync(HttpMethod.Post, $"/{slug}/-/import", form, ("Accept", "text/html"));
    }

    static string Hidden(string name, string page) =>
        WebUtility.HtmlDecode(Regex.Matches(page, $"name=\"{name}\"[^>]*value=\"([^\"]*)")[^1].Groups[1].Value);
}
