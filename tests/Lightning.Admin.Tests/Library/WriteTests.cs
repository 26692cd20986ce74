using Lightning.Admin.Forms;
using Lightning.Admin.Registrations;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests.Library;

/// <summary>Writes that are nothing, that lack something, or that others get in the way of.</summary>
public sealed class LibraryWriteTests(LibraryUnderTest library) : IClassFixture<LibraryUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Save_WithoutAChange_WritesNothing()
    {
        var book = await AddAsync("Unchanged");
        async Task<(object? Version, object? Lines)> StateAsync() => (
            await library.Database.ExecuteAsync($"SELECT xmin::text FROM library.books WHERE id = '{book.Id}'"), await library.Database.ExecuteAsync($"SELECT count(*) FROM audit.entries WHERE subject_id = '{book.Id}'"));
        var before = await StateAsync();
        await using var open = library.Open("books");
        var form = (await open.Rows.EditAsync(book.Id.ToString(), Cancellation))!;
        var texts = form.Inputs.ToDictionary(input => input.Field.Name, input => input.Text);
        await using var second = library.Open("books");
        (await second.Rows.UpdateAsync(book.Id.ToString(), new(texts, texts, new Dictionary<string, string>(), false))).Outcome.ShouldBe(Outcome.Done);
        (await StateAsync()).ShouldBe(before);
        texts["title"] = "Changed";
        await using var third = library.Open("books");
        (await third.Rows.UpdateAsync(book.Id.ToString(), new(texts, new Dictionary<string, string>(), new Dictionary<string, string>(), false))).Outcome.ShouldBe(Outcome.Done);
        (await StateAsync()).ShouldNotBe(before);
    }

    [Fact]
    public async Task NewRow_OfWhichAFieldIsLeftOut_IsCheckedAsItBegins()
    {
        var author = (await AuthorAsync()).ToString();
        await using var open = library.Open("books");
        var faults = await open.Rows.ImportAsync([new Dictionary<string, string> { ["genre"] = "Poem", ["author"] = author }], trial: false);
        faults.ShouldHaveSingleItem().Field.ShouldBe("title");
        // Not only what a class leaves missing: an entity may begin with something, and a check may have it that this does not do.
        var product = new Lightning.Admin.Notes.NoteAdmin();
        product.FaultOf("title", "").ShouldBe("Give it a title.");
        await using var services = ListTests.SiteOf(library.Database.ConnectionStringOf("admin"));
        using var scope = services.CreateScope();
        var site = services.GetRequiredService<AdminSite>();
        var db = scope.ServiceProvider.GetRequiredService<DbContext>();
        var notes = site.Find("notes")!.Open(new(site, db, library.Root, TimeProvider.System));
        (await notes.ImportAsync([new Dictionary<string, string> { ["body"] = "No title" }], trial: true)).ShouldBe([(1, "title", "Give it a title.")]);
        (await notes.CreateAsync(LibraryListTests.Filled(("body", "No title")))).Form!.Inputs.Single(input => input.Field.Name == "title").Fault.ShouldBe("Give it a title.");
    }

    [Fact]
    public async Task Action_UponARowThatIsTakenAwayMeanwhile_IsAFaultThatSaysSo_AndChangesNone()
    {
        var (one, other) = (await AddAsync("Raced"), await AddAsync("Stays"));
        var action = new RowAction("Race", Verb.Archive, async (rows, _) =>
        {
            foreach (var book in rows.Cast<Book>()) book.Subtitle = "Changed";
            await library.Database.ExecuteAsync($"DELETE FROM library.books WHERE id = '{one.Id}'");
        });
        await using var open = library.Open("books");
        (await open.Rows.RunAsync(action, new([one.Id.ToString(), other.Id.ToString()], null), new Dictionary<string, string>())).ShouldBe((0, "Somebody changed one of them meanwhile: try again."));
        await using var db = library.Connect();
        (await db.Books.SingleAsync(book => book.Id == other.Id, Cancellation)).Subtitle.ShouldBeNull();
    }

    [Fact]
    public async Task Question_BeforeABulkAction_NamesTheFirstTenRows_InTheListsOrder_AndNoneThatMayNotBeSeen()
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        async Task<string> AskAsync(string action, string from, params string[] keys)
        {
            using var asked = await LibrarySiteTests.PostAsync(root, "/books", "/books/-/act", [("action", action), ("from", from), .. keys.Length == 0 ? [("all", "yes")] : keys.Select(key => ("key", key))]);
            asked.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
            return await asked.Content.ReadAsStringAsync(Cancellation);
        }

        static IReadOnlyList<(string Key, string Name)> Named(string page) => [.. System.Text.RegularExpressions.Regex.Matches(page, "<li><a href=\"/books/([^\"]*)\">([^<]*)</a>").Select(match => (match.Groups[1].Value, System.Net.WebUtility.HtmlDecode(match.Groups[2].Value)))];
        await using var db = library.Connect();
        var poems = (await db.Books.Where(book => book.Genre == Genre.Poem && !book.IsRestricted && book.Author!.Name != "Anonymous" && book.DeletedAt == null).OrderByDescending(book => book.Pages == null).ThenByDescending(book => book.Pages)
            .ThenByDescending(book => book.Id).ToListAsync(Cancellation)).Select(book => (Key: book.Id.ToString(), Name: book.Title.Length == 0 ? "(empty)" : book.Title)).ToList();
        poems.Count.ShouldBeGreaterThan(10);

        var all = await AskAsync("lend", "?f.genre.is=Poem&sort=-pages");
        all.ShouldContain($"Lend {poems.Count} books?");
        Named(all).ShouldBe(poems[..10]);
        all.ShouldContain($"<li>and {poems.Count - 10} more</li>");

        // Of those that are chosen the ones that may not be seen are neither counted nor named.
        var restricted = await db.Books.Where(book => book.IsRestricted).Select(book => book.Id.ToString()).FirstAsync(Cancellation);
        var two = await AskAsync("delete", "", restricted, poems[0].Key, poems[1].Key);
        Named(two).ShouldBe(poems[..2], ignoreOrder: true);
        two.ShouldContain("Delete 2 rows?");
        two.ShouldNotContain("more</li>");
        two.ShouldContain("1 of those chosen is left out");
        root.Dispose();
    }

    [Theory]
    [InlineData(1000, "990")]
    [InlineData(1001, "990+")]
    public void Question_OfMoreThanAreCounted_SaysSo(int count, string more) => new Concerned(count, [.. Enumerable.Range(0, 10).Select(row => new Choice($"{row}", "Row"))]).More.ToString().ShouldBe(more);

    [Fact]
    public async Task Restore_ThatTheDatabaseRefuses_SaysWhy_AndTheRowStaysDeleted()
    {
        var book = await AddAsync("No return");
        await using (var open = library.Open("books")) (await open.Rows.DeleteAsync(book.Id.ToString())).ShouldBe((true, null));
        await library.Database.ExecuteAsync("ALTER TABLE library.books ADD CONSTRAINT no_return CHECK (title <> 'No return' OR deleted_at IS NOT NULL)");
        await using (var open = library.Open("books"))
        {
            var (found, fault) = await open.Rows.RestoreAsync(book.Id.ToString());
            found.ShouldBeTrue();
            fault.ShouldNotBeNull().ShouldContain("no_return");
        }
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        using var answer = await LibrarySiteTests.PostAsync(root, $"/books/{book.Id}", $"/books/{book.Id}/delete?handler=Restore");
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.Conflict);
        var page = await answer.Content.ReadAsStringAsync(Cancellation);
        page.ShouldContain("no_return");
        page.ShouldContain("Restore No return?");
        root.Dispose();
        await library.Database.ExecuteAsync("ALTER TABLE library.books DROP CONSTRAINT no_return");
        await using (var open = library.Open("books")) (await open.Rows.RestoreAsync(book.Id.ToString())).ShouldBe((true, null));
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
