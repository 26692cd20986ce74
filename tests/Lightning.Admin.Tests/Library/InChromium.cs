using Lightning.EndToEnd;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;

namespace Lightning.Admin.Tests.Library;

/// <summary>An administrator at a real browser: each thing that the site has, one after another, and a picture of each page.</summary>
public sealed class InChromium(LibraryUnderTest library, EndToEnd.Browser chromium) : IClassFixture<LibraryUnderTest>
{
    /// <summary>All that is not as it should be, so that one look finds every page's.</summary>
    readonly List<string> wrong = [];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Site_WithKeysPickersAndForms_DoesWhatItSays()
    {
        await using var context = await SignInAsync(phone: false, dark: false);
        var page = await context.NewPageAsync();
        var noise = new List<string>();
        page.Console += (_, message) => { if (message.Type == "error" && !message.Text.Contains("409") && !message.Text.Contains("422")) noise.Add(message.Text); };
        page.PageError += (_, fault) => noise.Add(fault);

        // Search by key, rows by key, edit by key, help by key.
        await GoAsync(page, "/books");
        await page.Keyboard.PressAsync("?");
        await Assertions.Expect(page.Locator("#keys")).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#keys")).ToBeHiddenAsync();
        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(page.Locator("[data-key='/']")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("love letters");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("q=love"));
        (await page.Locator("[data-rows] tbody tr").CountAsync()).ShouldBeGreaterThan(0);
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("k");
        await Assertions.Expect(page.Locator("[data-rows] tbody tr").First).ToHaveAttributeAsync("data-at", "");
        await page.Keyboard.PressAsync("x");
        await Assertions.Expect(page.Locator("[data-rows] tbody tr").First.Locator("input")).ToBeCheckedAsync();

        // Sort, narrow, choose columns: the address says it.
        await GoAsync(page, "/books");
        await page.GetByRole(AriaRole.Link, new() { Name = "Price" }).ClickAsync();
        await Assertions.Expect(page.Locator("th[aria-sort=ascending]")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("Price"));
        (await page.Locator(".filters").CountAsync()).ShouldBe(0, "nothing is counted before it is asked for");
        await page.Locator("[data-filters]").ClickAsync();
        await page.Locator(".filters").GetByRole(AriaRole.Link, new() { Name = "Short story" }).First.ClickAsync();
        page.Url.ShouldContain("f.genre.is=ShortStory");
        page.Url.ShouldContain("sort=price");
        await page.Locator(".columns summary").ClickAsync();
        await page.Locator(".columns").GetByLabel("Pages").UncheckAsync();
        await page.Locator(".columns").GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(page.Locator("thead")).Not.ToContainTextAsync("Pages");

        // What is linked with a row is found by that row's name, as one types.
        await GoAsync(page, "/books?filters=yes&size=25");
        var translated = page.Locator(".filters section[aria-label=Translators]");
        await translated.GetByLabel("Search translators").FillAsync("grace");
        await Assertions.Expect(translated.Locator(".picker")).ToHaveAttributeAsync("data-found", "grace");
        await translated.GetByLabel("Is", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = "Grace %_\\" });
        await translated.GetByRole(AriaRole.Button, new() { Name = "Narrow" }).ClickAsync();
        await Assertions.Expect(page.Locator(".narrowed")).ToContainTextAsync("Translators: Grace %_\\");
        page.Url.ShouldContain("f.translators.is=");
        page.Url.ShouldContain("size=25");
        await page.Locator(".narrowed a").ClickAsync();
        page.Url.ShouldNotContain("f.translators.is=");

        // A new row; its author is found as one types; leaving a form that is filled in is asked about.
        await GoAsync(page, "/books/-/new");
        await page.GetByLabel("Title", new() { Exact = true }).FillAsync("Typed in");
        var asked = 0;
        page.Dialog += async (_, dialog) => { asked++; await dialog.DismissAsync(); };
        await page.GetByRole(AriaRole.Link, new() { Name = "Leave" }).ClickAsync();
        await Lightning.Testing.Wait.UntilAsync(() => asked == 1);
        page.Url.ShouldEndWith("/books/-/new");
        await Assertions.Expect(page.Locator(".picker button").First).ToBeHiddenAsync();
        await page.GetByLabel("Search author").FillAsync("grace");
        await Assertions.Expect(page.Locator(".picker").First).ToHaveAttributeAsync("data-found", "grace");
        await page.GetByLabel("Author", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = "Grace %_\\" });
        // Of its translators there may be several; who is ticked stays while others are searched for.
        var translators = page.GetByRole(AriaRole.Group, new() { Name = "Translators" });
        foreach (var (search, name) in new[] { ("ada", "ada"), ("grace", "Grace %_\\") })
        {
            await page.GetByLabel("Search translators").FillAsync(search);
            await Assertions.Expect(translators).ToHaveAttributeAsync("data-found", search);
            // What was found is read out.
            await Assertions.Expect(translators.GetByRole(AriaRole.Status)).ToHaveTextAsync(search == "ada" ? "2 to choose from." : "1 to choose from.");
            await translators.GetByLabel(name, new() { Exact = true }).CheckAsync();
        }
        await Assertions.Expect(translators.Locator("input:checked")).ToHaveCountAsync(2);
        await LookAsync(page, "links");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).Last.ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Typed in");
        await Assertions.Expect(page.Locator("dl.facts .linked a").First).ToHaveTextAsync("ada");
        var path = new Uri(page.Url).AbsolutePath;

        // Somebody else saves first: both versions are there.
        await page.Keyboard.PressAsync("e");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Edit Typed in");
        await using (var db = library.Connect())
        await using (var open = library.Open("books"))
        {
            var grace = await db.Authors.Where(author => author.Name.StartsWith("Grace")).Select(author => author.Id).SingleAsync(Cancellation);
            await open.Rows.UpdateAsync(path.Split('/')[^1], LibraryListTests.Filled(("title", "Theirs"), ("translators", grace.ToString())));
        }
        await page.GetByLabel("Title", new() { Exact = true }).FillAsync("Mine");
        await translators.GetByLabel("Ada", new() { Exact = true }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).Last.ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Theirs, as it is now: Theirs");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Theirs, as it is now: Grace %_\\");
        foreach (var (name, isTicked) in new[] { ("Ada", true), ("ada", false), ("Grace %_\\", true) }) await Assertions.Expect(translators.GetByLabel(name, new() { Exact = true })).ToBeCheckedAsync(new() { Checked = isTicked });
        await LookAsync(page, "overtaken");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save all the same" }).ClickAsync();
        await Assertions.Expect(page.Locator(".history").First).ToContainTextAsync("Mine");

        // Deleted, and taken back.
        await page.GetByRole(AriaRole.Link, new() { Name = "Delete…" }).ClickAsync();
        await LookAsync(page, "delete");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(page.Locator("[role=status]")).ToHaveTextAsync("Taken back.");

        // An action asks, with a field.
        await page.GetByRole(AriaRole.Button, new() { Name = "Lend…" }).ClickAsync();
        await LookAsync(page, "action");
        await page.GetByLabel("To whom").FillAsync("Grace");
        await page.GetByRole(AriaRole.Button, new() { Name = "Lend" }).ClickAsync();
        await Assertions.Expect(page.Locator("[role=status]")).ToContainTextAsync("Done, to 1 row.");

        // A row is changed where it stands; somebody else was there first.
        await using (var open = library.Open("books")) await open.Rows.UpdateAsync(path.Split('/')[^1], LibraryListTests.Filled(("price", "5")));
        await GoAsync(page, "/books");
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit in the list" }).ClickAsync();
        await page.GetByLabel("Price, Mine").FillAsync("6");
        await page.GetByLabel("Pages, Mine").FillAsync("many");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save what was changed" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("This is no number that fits.");
        await using (var open = library.Open("books")) await open.Rows.UpdateAsync(path.Split('/')[^1], LibraryListTests.Filled(("price", "7")));
        await page.GetByLabel("Pages, Mine").FillAsync("8");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save what was changed" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Theirs, as it is now: 7");
        await LookAsync(page, "edits-overtaken");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save all the same" }).ClickAsync();
        await Assertions.Expect(page.Locator("[role=status]").First).ToHaveTextAsync("1 row saved.");

        // A child of it, begun by a button and saved with it.
        await GoAsync(page, $"{path}/edit");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a review" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Number")).ToBeFocusedAsync();
        await page.GetByLabel("Number").FillAsync("many");
        await page.GetByLabel("Text").FillAsync("Read with pleasure");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).Last.ClickAsync();
        await LookAsync(page, "children");
        await page.GetByLabel("Number").FillAsync("1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).Last.ClickAsync();
        await Assertions.Expect(page.Locator(".children")).ToContainTextAsync("Read with pleasure");

        // An export says how many rows have come, and that it is complete.
        await library.Database.ExecuteAsync("INSERT INTO library.tags (name) SELECT 'a \"quoted\" line' || chr(10) || number FROM generate_series(1, 2500) AS number");
        foreach (var format in new[] { "CSV", "JSON" })
        {
            await GoAsync(page, "/tags");
            var file = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = $"Export {format}" }).ClickAsync());
            file.SuggestedFilename.ShouldMatch($"^tags-[0-9-]+\\.{format.ToLowerInvariant()}$");
            await Assertions.Expect(page.Locator("#exporting")).ToContainTextAsync("is complete: 2,501 rows, 0.1 MB.");
            await LookAsync(page, $"export-{format}");
        }
        noise.ShouldBeEmpty();
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public async Task Inspection_OfAPageThatIsAsItShouldNotBe_SaysWhatIsWrong()
    {
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await page.SetContentAsync("""<html><body style="width: 5000px"><img src="data:,"><p style="color: #ddd; background: #fff">Hardly to be read</p><input></body></html>""");
        var faults = string.Join('\n', await page.FaultsAsync("faulty"));
        foreach (var rule in new[] { "html-has-lang", "document-title", "image-alt", "color-contrast", "label", "landmark-one-main" }) faults.ShouldContain($"faulty: {rule}: ");
        faults.ShouldContain("faulty scrolls sideways");
    }

    [Theory]
    [InlineData("wide", false, false)]
    [InlineData("phone", true, false)]
    [InlineData("dark", false, true)]
    public async Task Pages_AllOfThem_AreAccessible_AndFitTheScreen(string name, bool phone, bool dark)
    {
        await using var db = library.Connect();
        var book = await db.Books.Include(book => book.Translators).FirstAsync(book => !book.IsRestricted && book.Author!.Name == "Ada" && book.Reviews.Count > 0, Cancellation);
        if (book.Translators.Count == 0) book.Translators.AddRange(await db.Authors.Where(author => author.Name != "Anonymous").ToListAsync(Cancellation));
        await db.SaveChangesAsync(Cancellation);
        await using var context = await SignInAsync(phone, dark);
        var page = await context.NewPageAsync();
        foreach (var (title, path) in new[]
        {
            ("list", "/books?size=25"), ("narrowed", "/books?f.readAt.on=2024&f.genre.is=Novel&filters=yes&size=25"), ("edits", "/books/-/edits?size=25"), ("nothing", "/books?q=nothing+at+all"), ("fault", "/books?sort=nothing"), ("row", $"/books/{book.Id}"), ("edit", $"/books/{book.Id}/edit"),
            ("new", "/books/-/new"), ("import", "/books/-/import"), ("history", $"/books/{book.Id}/history"), ("search", "/search?q=love"), ("shelves", "/shelves"),
            ("authors", "/authors"), ("author", $"/authors/{book.AuthorId}"), ("author-edit", $"/authors/{book.AuthorId}/edit"), ("edits-fault", "/books/-/edits?at=nonsense"),
            ("linked", "/books?q=%3Cscript%3E&col=title&col=author.name&col=translators"),
        })
        {
            await GoAsync(page, path);
            await LookAsync(page, $"{title}-{name}");
        }
        wrong.ShouldBeEmpty();
    }

    async Task<IBrowserContext> SignInAsync(bool phone, bool dark)
    {
        var (_, _, browser) = await library.SignInAsync(isAdmin: true);
        var context = await chromium.OpenAsync(phone, dark);
        await context.AddCookiesAsync(browser.Cookies.Select(cookie => new Cookie { Name = cookie.Name, Value = cookie.Value, Domain = "localhost", Path = "/", Secure = true, HttpOnly = true }));
        browser.Dispose();
        return context;
    }

    Task<IResponse?> GoAsync(IPage page, string path) => page.GotoAsync(new Uri(library.Address, path).ToString());

    async Task LookAsync(IPage page, string name) => wrong.AddRange(await page.FaultsAsync(name));
}
