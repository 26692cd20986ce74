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

    [Fact]
    public async Task Delete_FromAList_LeadsBackToItAsItWas_ToItsLastPageWhereThatIsGone_AndNowhereElse()
    {
        var (_, _, root) = await library.SignInAsync(isAdmin: true);
        var rows = new List<Book>();
        for (var i = 0; i < 27; i++) rows.Add(await AddAsync("Paged off"));
        static string Address(HttpResponseMessage answer)
        {
            answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.SeeOther);
            return answer.Headers.Location!.ToString();
        }

        static string Link(string page, string words) => System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Match(page, $"href=\"([^\"]*)\"[^>]*>{words}<").Groups[1].Value);
        const string list = "q=%22paged%20off%22&sort=title&f.genre.is=Novel&size=25";
        var second = Link(await LibrarySiteTests.ReadAsync(root, $"/books?{list}"), "Next page");
        second.ShouldStartWith($"/books?{list}&at=");
        var page = await LibrarySiteTests.ReadAsync(root, second);
        // By one's own page; its question leads back to the list, too.
        var delete = Link(page, "Delete…");
        var question = await LibrarySiteTests.ReadAsync(root, delete);
        Link(question, "Cancel").ShouldBe(second);
        var from = System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Match(question, "name=\"from\" value=\"([^\"]*)\"").Groups[1].Value);
        var path = delete.Split('?')[0];
        using (var deleted = await LibrarySiteTests.PostAsync(root, delete, path, ("from", from))) Address(deleted).ShouldBe($"/books?done=deleted&row={path.Split('/')[2]}&{second.Split('?')[1]}");
        page = await LibrarySiteTests.ReadAsync(root, second);
        var last = System.Text.RegularExpressions.Regex.Matches(page, "name=\"key\" value=\"([^\"]*)\"").ShouldHaveSingleItem().Groups[1].Value;

        // By the question about several; nothing is left of the page then.
        from = System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Match(page, "name=\"from\" value=\"([^\"]*)\"").Groups[1].Value);
        string back;
        using (var deleted = await LibrarySiteTests.PostAsync(root, second, "/books/-/act", ("action", "delete"), ("key", last), ("sure", "yes"), ("from", from))) back = Address(deleted);
        back.ShouldBe($"/books?done=done&count=1&{second.Split('?')[1]}");
        page = await LibrarySiteTests.ReadAsync(root, back);
        page.ShouldContain("Done, to 1 row.");
        System.Text.RegularExpressions.Regex.Count(page, "name=\"key\" value=").ShouldBe(25);
        // One more, and the page before the last can be reached from it.
        var more = await AddAsync("Paged off");
        page = await LibrarySiteTests.ReadAsync(root, $"/books?{list}&at={Lists.Place.Last}");
        System.Text.RegularExpressions.Regex.Count(page, "name=\"key\" value=").ShouldBe(25);
        page.ShouldNotContain("Next page");
        System.Text.RegularExpressions.Regex.Count(await LibrarySiteTests.ReadAsync(root, Link(page, "Previous page")), "name=\"key\" value=").ShouldBe(1);

        // What is no address of this list is none of anything.
        foreach (var (forged, plain) in new[] { ("https://evil.example/", ""), ("//evil.example", ""), ("?f.secret.is=x", ""), ("?sort=nothing", ""), ("/authors?q=x", ""), ("?q=x&returnUrl=//evil.example\r\nX: y", "&q=x") })
        {
            (await LibrarySiteTests.ReadAsync(root, $"/books/{more.Id}/delete?from={Uri.EscapeDataString(forged)}")).ShouldNotContain("evil");
            using var deleted = await LibrarySiteTests.PostAsync(root, $"/books/{more.Id}", $"/books/{more.Id}/delete", ("from", forged));
            Address(deleted).ShouldBe($"/books?done=deleted&row={more.Id}{plain}");
            using var restored = await LibrarySiteTests.PostAsync(root, Address(deleted), $"/books/{more.Id}/delete?handler=Restore");
            using var ofSeveral = await LibrarySiteTests.PostAsync(root, $"/books/{more.Id}", "/books/-/act", ("action", "delete"), ("key", more.Id.ToString()), ("sure", "yes"), ("from", forged));
            Address(ofSeveral).ShouldBe($"/books?done=done&count=1{plain}");
            using var again = await LibrarySiteTests.PostAsync(root, "/books", $"/books/{more.Id}/delete?handler=Restore");
        }
        await library.Database.ExecuteAsync("DELETE FROM library.books WHERE title = 'Paged off'");
        root.Dispose();
    }

    [Theory]
    [InlineData(1000, "990")]
    [InlineData(1001, "990+")]
    public void Question_OfMoreThanAreCounted_SaysSo(int count, string more) => new Concerned(count, 0, [.. Enumerable.Range(0, 10).Select(row => new Choice($"{row}", "Row"))]).More.ToString().ShouldBe(more);

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
