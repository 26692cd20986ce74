using Lightning.Admin.Engine.Actions;
using Lightning.Admin.Engine.Forms;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests.Library;

/// <summary>Writes without changes, with missing fields, and with conflicts.</summary>
public sealed class LibraryWriteTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Save_without_changes_writes_nothing()
    {
        var book = await AddAsync("Unchanged");
        async Task<(object? Version, object? Lines)> StateAsync() =>
            (
                await library.Database.ExecuteAsync($"SELECT xmin::text FROM library.books WHERE id = '{book.Id}'"),
                await library.Database.ExecuteAsync(
                    $"SELECT count(*) FROM audit.entries WHERE subject_id = '{book.Id}'"
                )
            );
        var before = await StateAsync();
        await using var open = library.Open("books");
        var form = (await open.Rows.EditAsync(book.Id.ToString(), Cancellation))!;
        var texts = form.Inputs.ToDictionary(input => input.Field.Name, input => input.Text);
        await using var second = library.Open("books");
        (
            await second.Rows.UpdateAsync(
                book.Id.ToString(),
                new(texts, texts, new Dictionary<string, string>(), false)
            )
        ).Outcome.ShouldBe(Outcome.Done);
        (await StateAsync()).ShouldBe(before);
        texts["title"] = "Changed";
        await using var third = library.Open("books");
        (
            await third.Rows.UpdateAsync(
                book.Id.ToString(),
                new(texts, new Dictionary<string, string>(), new Dictionary<string, string>(), false)
            )
        ).Outcome.ShouldBe(Outcome.Done);
        (await StateAsync()).ShouldNotBe(before);
    }

    [Fact]
    public async Task New_row_validates_the_initial_values_of_missing_fields()
    {
        var author = (await AuthorAsync()).ToString();
        await using var open = library.Open("books");
        var errors = await open.Rows.ImportAsync(
            [new Dictionary<string, string> { ["genre"] = "Poem", ["author"] = author }],
            trial: false
        );
        errors.ShouldHaveSingleItem().Field.ShouldBe("title");
        // An initial value of the entity can violate a rule too.
        var product = new Lightning.Admin.Notes.NoteAdmin();
        product.Validate("title", "").ShouldBe("Give it a title.");
        await using var services = ListTests.SiteOf(library.Database.ConnectionStringOf("admin"));
        using var scope = services.CreateScope();
        var site = services.GetRequiredService<AdminSite>();
        var db = scope.ServiceProvider.GetRequiredService<DbContext>();
        var notes = site.Find("notes")!.Open(new(site, db, library.Root, TimeProvider.System));
        (await notes.ImportAsync([new Dictionary<string, string> { ["body"] = "No title" }], trial: true)).ShouldBe([
            (1, "title", "Give it a title."),
        ]);
        (await notes.CreateAsync(LibraryListTests.Filled(("body", "No title"))))
            .Form!.Inputs.Single(input => input.Field.Name == "title")
            .Error.ShouldBe("Give it a title.");
    }

    [Fact]
    public async Task Action_on_a_concurrently_deleted_row_fails_without_changes()
    {
        var (one, other) = (await AddAsync("Raced"), await AddAsync("Stays"));
        var action = new RowAction(
            "Race",
            Verb.Archive,
            async (rows, _) =>
            {
                foreach (var book in rows.Cast<Book>())
                    book.Subtitle = "Changed";
                await library.Database.ExecuteAsync($"DELETE FROM library.books WHERE id = '{one.Id}'");
            }
        );
        await using var open = library.Open("books");
        (
            await open.Rows.RunAsync(
                action,
                new([one.Id.ToString(), other.Id.ToString()], null),
                new Dictionary<string, string>()
            )
        ).ShouldBe((0, "Someone else changed one of these rows. Try again."));
        await using var db = library.Connect();
        (await db.Books.SingleAsync(book => book.Id == other.Id, Cancellation)).Subtitle.ShouldBeNull();
    }

    [Fact]
    public async Task Bulk_confirmation_names_the_first_ten_readable_rows()
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        async Task<string> AskAsync(string action, string from, params string[] keys)
        {
            using var asked = await LibrarySiteTests.PostAsync(
                root,
                "/books",
                "/books/-/act",
                [
                    ("action", action),
                    ("from", from),
                    .. keys.Length == 0 ? [("all", "yes")] : keys.Select(key => ("key", key)),
                ]
            );
            asked.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
            return await asked.Content.ReadAsStringAsync(Cancellation);
        }

        static IReadOnlyList<(string Key, string Name)> Named(string page) =>
            [
                .. System
                    .Text.RegularExpressions.Regex.Matches(page, "<li><a href=\"/books/([^\"]*)\">([^<]*)</a>")
                    .Select(match => (match.Groups[1].Value, System.Net.WebUtility.HtmlDecode(match.Groups[2].Value))),
            ];
        await using var db = library.Connect();
        var poems = (
            await db
                .Books.Where(book =>
                    book.Genre == Genre.Poem
                    && !book.IsRestricted
                    && book.Author!.Name != "Anonymous"
                    && book.DeletedAt == null
                )
                .OrderByDescending(book => book.Pages == null)
                .ThenByDescending(book => book.Pages)
                .ThenByDescending(book => book.Id)
                .ToListAsync(Cancellation)
        )
            .Select(book => (Key: book.Id.ToString(), Name: book.Title.Length == 0 ? "(empty)" : book.Title))
            .ToList();
        poems.Count.ShouldBeGreaterThan(10);

        var all = await AskAsync("lend", "?f.genre.is=Poem&sort=-pages");
        all.ShouldContain($"Lend {poems.Count} books?");
        Named(all).ShouldBe(poems[..10]);
        all.ShouldContain($"<li>and {poems.Count - 10} more</li>");

        // Selected rows that are unreadable are neither counted nor named.
        var restricted = await db
            .Books.Where(book => book.IsRestricted)
            .Select(book => book.Id.ToString())
            .FirstAsync(Cancellation);
        var two = await AskAsync("delete", "", restricted, poems[0].Key, poems[1].Key);
        Named(two).ShouldBe(poems[..2], ignoreOrder: true);
        two.ShouldContain("Delete 2 rows?");
        two.ShouldNotContain("more</li>");
        two.ShouldContain("1 selected row is skipped");
        root.Dispose();
    }

    [Fact]
    public async Task Delete_from_a_list_returns_to_its_state()
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var rows = new List<Book>();
        for (var i = 0; i < 27; i++)
            rows.Add(await AddAsync("Paged off"));
        static string Address(HttpResponseMessage answer)
        {
            answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.SeeOther);
            return answer.Headers.Location!.ToString();
        }

        static string Link(string page, string words) =>
            System.Net.WebUtility.HtmlDecode(
                System.Text.RegularExpressions.Regex.Match(page, $"href=\"([^\"]*)\"[^>]*>{words}<").Groups[1].Value
            );
        const string list = "q=%22paged%20off%22&sort=title&f.genre.is=Novel&size=25";
        var second = Link(await LibrarySiteTests.ReadAsync(root, $"/books?{list}"), "Next page");
        second.ShouldStartWith($"/books?{list}&at=");
        var page = await LibrarySiteTests.ReadAsync(root, second);
        // From the row's page; the confirmation also returns to the list.
        var delete = Link(page, "Delete…");
        var question = await LibrarySiteTests.ReadAsync(root, delete);
        Link(question, "Cancel").ShouldBe(second);
        var from = System.Net.WebUtility.HtmlDecode(
            System.Text.RegularExpressions.Regex.Match(question, "name=\"from\" value=\"([^\"]*)\"").Groups[1].Value
        );
        var path = delete.Split('?')[0];
        using (var deleted = await LibrarySiteTests.PostAsync(root, delete, path, ("from", from)))
            Address(deleted).ShouldBe($"/books?done=deleted&row={path.Split('/')[2]}&{second.Split('?')[1]}");
        page = await LibrarySiteTests.ReadAsync(root, second);
        var last = System
            .Text.RegularExpressions.Regex.Matches(page, "name=\"key\" value=\"([^\"]*)\"")
            .ShouldHaveSingleItem()
            .Groups[1]
            .Value;

        // From the bulk confirmation; afterwards the page is empty.
        from = System.Net.WebUtility.HtmlDecode(
            System.Text.RegularExpressions.Regex.Match(page, "name=\"from\" value=\"([^\"]*)\"").Groups[1].Value
        );
        string back;
        using (
            var deleted = await LibrarySiteTests.PostAsync(
                root,
                second,
                "/books/-/act",
                ("action", "delete"),
                ("key", last),
                ("sure", "yes"),
                ("from", from)
            )
        )
            back = Address(deleted);
        back.ShouldBe($"/books?done=done&count=1&{second.Split('?')[1]}");
        page = await LibrarySiteTests.ReadAsync(root, back);
        page.ShouldContain("The action was applied to 1 row.");
        System.Text.RegularExpressions.Regex.Count(page, "name=\"key\" value=").ShouldBe(25);
        // After one more row, the page before the last is reachable.
        var more = await AddAsync("Paged off");
        page = await LibrarySiteTests.ReadAsync(root, $"/books?{list}&at={PageCursor.Last}");
        System.Text.RegularExpressions.Regex.Count(page, "name=\"key\" value=").ShouldBe(25);
        page.ShouldNotContain("Next page");
        System
            .Text.RegularExpressions.Regex.Count(
                await LibrarySiteTests.ReadAsync(root, Link(page, "Previous page")),
                "name=\"key\" value="
            )
            .ShouldBe(1);

        // An invalid list state is ignored.
        foreach (
            var (forged, plain) in new[]
            {
                ("https://evil.example/", ""),
                ("//evil.example", ""),
                ("?f.secret.is=x", ""),
                ("?sort=nothing", ""),
                ("/authors?q=x", ""),
                ("?q=x&returnUrl=//evil.example\r\nX: y", "&q=x"),
            }
        )
        {
            (
                await LibrarySiteTests.ReadAsync(root, $"/books/{more.Id}/delete?from={Uri.EscapeDataString(forged)}")
            ).ShouldNotContain("evil");
            using var deleted = await LibrarySiteTests.PostAsync(
                root,
                $"/books/{more.Id}",
                $"/books/{more.Id}/delete",
                ("from", forged)
            );
            Address(deleted).ShouldBe($"/books?done=deleted&row={more.Id}{plain}");
            using var restored = await LibrarySiteTests.PostAsync(
                root,
                Address(deleted),
                $"/books/{more.Id}/delete?handler=Restore"
            );
            using var ofSeveral = await LibrarySiteTests.PostAsync(
                root,
                $"/books/{more.Id}",
                "/books/-/act",
                ("action", "delete"),
                ("key", more.Id.ToString()),
                ("sure", "yes"),
                ("from", forged)
            );
            Address(ofSeveral).ShouldBe($"/books?done=done&count=1{plain}");
            using var again = await LibrarySiteTests.PostAsync(
                root,
                "/books",
                $"/books/{more.Id}/delete?handler=Restore"
            );
        }
        await library.Database.ExecuteAsync("DELETE FROM library.books WHERE title = 'Paged off'");
        root.Dispose();
    }

    [Theory]
    [InlineData(1000, "990")]
    [InlineData(1001, "990+")]
    public void Confirmation_above_the_count_cap_says_so(int count, string more) =>
        new ActionTargets(count, 0, [.. Enumerable.Range(0, 10).Select(row => new Choice($"{row}", "Row"))])
            .More.ToString()
            .ShouldBe(more);

    [Fact]
    public async Task Restore_that_the_database_rejects_shows_the_error()
    {
        const string rejected = "One of these values is not allowed. Nothing was saved.";
        var book = await AddAsync("No return");
        await using (var open = library.Open("books"))
            (await open.Rows.DeleteAsync(book.Id.ToString())).ShouldBe((true, null));
        await library.Database.ExecuteAsync(
            "ALTER TABLE library.books ADD CONSTRAINT no_return CHECK (title <> 'No return' OR deleted_at IS NOT NULL)"
        );
        await using (var open = library.Open("books"))
        {
            var (found, error) = await open.Rows.RestoreAsync(book.Id.ToString());
            found.ShouldBeTrue();
            error.ShouldBe(rejected);
        }
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        using var answer = await LibrarySiteTests.PostAsync(
            root,
            $"/books/{book.Id}",
            $"/books/{book.Id}/delete?handler=Restore"
        );
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.Conflict);
        var page = await answer.Content.ReadAsStringAsync(Cancellation);
        page.ShouldContain(rejected);
        page.ShouldContain("Restore No return?");
        root.Dispose();
        await library.Database.ExecuteAsync("ALTER TABLE library.books DROP CONSTRAINT no_return");
        await using (var open = library.Open("books"))
            (await open.Rows.RestoreAsync(book.Id.ToString())).ShouldBe((true, null));
    }

    async Task<Guid> AuthorAsync()
    {
        await using var db = library.Connect();
        return (await db.Authors.FirstAsync(author => author.Name == "Ada", Cancellation)).Id;
    }

    async Task<Book> AddAsync(string title)
    {
        var book = new Book { Title = title, AuthorId = await AuthorAsync() };
        await using var db = library.Connect();
        db.Books.Add(book);
        await db.SaveChangesAsync(Cancellation);
        return book;
    }
}
