using Lightning.EndToEnd;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;

namespace Lightning.Admin.Tests.Library;

/// <summary>The site in a real browser, feature by feature, with a screenshot of each page.</summary>
public sealed class InChromium(LibraryUnderTest library, EndToEnd.Browser chromium) : IClassFixture<LibraryUnderTest>
{
    /// <summary>All defects found, so that one run reports every page.</summary>
    readonly List<string> wrong = [];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Site_works_in_a_browser()
    {
        await using var context = await SignInAsync(phone: false, dark: false);
        var page = await context.NewPageAsync();
        var noise = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.Contains("409") && !message.Text.Contains("422"))
                noise.Add(message.Text);
        };
        page.PageError += (_, error) => noise.Add(error);

        // Keyboard shortcuts: search, rows, edit, help.
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

        // Select all rows, and a range with Shift; the number is shown.
        var (all, boxes, chosen) = (
            page.Locator("[data-all]"),
            page.Locator("[data-rows] tbody .tick input"),
            page.Locator("[data-chosen]")
        );
        var rows = await boxes.CountAsync();
        rows.ShouldBeGreaterThan(3);
        await Assertions.Expect(chosen).ToHaveTextAsync(" (1)");
        await all.CheckAsync();
        await Assertions.Expect(chosen).ToHaveTextAsync($" ({rows})");
        await all.UncheckAsync();
        await Assertions.Expect(chosen).ToHaveTextAsync("");
        await boxes.Nth(0).CheckAsync();
        await boxes.Nth(2).ClickAsync(new() { Modifiers = [KeyboardModifier.Shift] });
        await Assertions.Expect(chosen).ToHaveTextAsync(" (3)");
        await Assertions.Expect(boxes.Nth(1)).ToBeCheckedAsync();
        await Assertions.Expect(all).Not.ToBeCheckedAsync();

        // A row links back to the list's last state.
        await page.Locator("[data-rows] [data-open] a").First.ClickAsync();
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Breadcrumb" })
            .GetByRole(AriaRole.Link, new() { Name = "Books" })
            .ClickAsync();
        await Assertions
            .Expect(page)
            .ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/books\\?q=love%20letters$"));

        // Sorting, filters and columns are in the URL.
        await GoAsync(page, "/books");
        await page.GetByRole(AriaRole.Link, new() { Name = "Price" }).ClickAsync();
        await Assertions
            .Expect(page.Locator("th[aria-sort=ascending]"))
            .ToHaveTextAsync(new System.Text.RegularExpressions.Regex("Price"));
        // Descending, then unsorted; several sort columns are numbered.
        foreach (
            var (column, order) in new[]
            {
                ("Pages", "price,pages"),
                ("Price", "-price,pages"),
                ("Price", "pages"),
                ("Pages", "-pages"),
                ("Pages", null),
                ("Price", "price"),
            }
        )
        {
            await page.Locator("thead").GetByRole(AriaRole.Link, new() { Name = column }).ClickAsync();
            await Lightning.Testing.Wait.UntilAsync(() =>
                System.Web.HttpUtility.ParseQueryString(new Uri(page.Url).Query)["sort"] == order
            );
            await Assertions
                .Expect(page.Locator("thead sup"))
                .ToHaveTextAsync(order?.Contains(',') == true ? ["1", "2"] : []);
        }
        (await page.Locator(".filters").CountAsync()).ShouldBe(0, "nothing is counted before it is asked for");
        await page.Locator("[data-filters]").ClickAsync();
        await page.Locator(".filters").GetByRole(AriaRole.Link, new() { Name = "Short story" }).First.ClickAsync();
        foreach (var said in new[] { "f\\.genre\\.is=ShortStory", "sort=price" })
            await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex(said));
        await page.Locator(".columns summary").ClickAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator(".columns form")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator(".columns summary")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await page.Locator(".columns").GetByLabel("Pages").UncheckAsync();
        await page.Locator(".columns").GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(page.Locator("thead")).Not.ToContainTextAsync("Pages");

        // The field with an error has the focus.
        await GoAsync(page, "/books/-/new");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).Last.ClickAsync();
        await Assertions.Expect(page.GetByLabel("Title", new() { Exact = true })).ToBeFocusedAsync();
        await LookAsync(page, "errors");

        // A related row is found by name as the user types.
        await GoAsync(page, "/books?filters=yes&size=25");
        var translated = page.Locator(".filters section[aria-label=Translators]");
        await translated.GetByLabel("Search translators").FillAsync("grace");
        await Assertions.Expect(translated.Locator(".picker")).ToHaveAttributeAsync("data-found", "grace");
        await translated
            .GetByLabel("Is", new() { Exact = true })
            .SelectOptionAsync(new SelectOptionValue { Label = "Grace %_\\" });
        await translated.GetByRole(AriaRole.Button, new() { Name = "Filter" }).ClickAsync();
        await Assertions.Expect(page.Locator(".chip")).ToContainTextAsync("Translators: Grace %_\\");
        page.Url.ShouldContain("f.translators.is=");
        page.Url.ShouldContain("size=25");
        await page.Locator(".chip").ClickAsync();
        await Assertions
            .Expect(page)
            .Not.ToHaveURLAsync(new System.Text.RegularExpressions.Regex("f\\.translators\\.is="));

        // A new row with a picked author; leaving an unsaved form asks for confirmation.
        await GoAsync(page, "/books/-/new");
        await page.GetByLabel("Title", new() { Exact = true }).FillAsync("Typed in");
        var asked = 0;
        page.Dialog += async (_, dialog) =>
        {
            asked++;
            await dialog.DismissAsync();
        };
        await page.GetByRole(AriaRole.Link, new() { Name = "Cancel" }).ClickAsync();
        await Lightning.Testing.Wait.UntilAsync(() => asked == 1);
        page.Url.ShouldEndWith("/books/-/new");
        await Assertions.Expect(page.Locator(".picker button").First).ToBeHiddenAsync();
        // A failed search shows a message.
        await page.RouteAsync("**/-/pick?**", route => route.AbortAsync());
        await page.GetByLabel("Search author").FillAsync("gra");
        await Assertions
            .Expect(page.Locator(".picker").First.GetByRole(AriaRole.Status))
            .ToHaveTextAsync("The search failed. Try again.");
        await page.UnrouteAllAsync();
        await Lightning.Testing.Wait.UntilAsync(() => noise.RemoveAll(text => text.Contains("ERR_FAILED")) == 1);
        await page.GetByLabel("Search author").FillAsync("grace");
        await Assertions.Expect(page.Locator(".picker").First).ToHaveAttributeAsync("data-found", "grace");
        await page.GetByLabel("Author", new() { Exact = true })
            .SelectOptionAsync(new SelectOptionValue { Label = "Grace %_\\" });
        // A multi-picker keeps ticked rows during further searches.
        var translators = page.GetByRole(AriaRole.Group, new() { Name = "Translators" });
        foreach (var (search, name) in new[] { ("ada", "ada"), ("grace", "Grace %_\\") })
        {
            await page.GetByLabel("Search translators").FillAsync(search);
            await Assertions.Expect(translators).ToHaveAttributeAsync("data-found", search);
            // The result is announced to screen readers.
            await Assertions
                .Expect(translators.GetByRole(AriaRole.Status))
                .ToHaveTextAsync(search == "ada" ? "2 matches." : "1 match.");
            await translators.GetByLabel(name, new() { Exact = true }).CheckAsync();
        }
        await Assertions.Expect(translators.Locator("input:checked")).ToHaveCountAsync(2);
        await LookAsync(page, "links");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).Last.ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Typed in");
        await Assertions.Expect(page.Locator("dl.facts .linked a").First).ToHaveTextAsync("ada");
        var path = new Uri(page.Url).AbsolutePath;

        // A conflict shows both values.
        await page.Keyboard.PressAsync("e");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Edit Typed in");
        await using (var db = library.Connect())
        await using (var open = library.Open("books"))
        {
            var grace = await db
                .Authors.Where(author => author.Name.StartsWith("Grace"))
                .Select(author => author.Id)
                .SingleAsync(Cancellation);
            await open.Rows.UpdateAsync(
                path.Split('/')[^1],
                LibraryListTests.Filled(("title", "Theirs"), ("translators", grace.ToString()))
            );
        }
        await page.GetByLabel("Title", new() { Exact = true }).FillAsync("Mine");
        await translators.GetByLabel("Ada", new() { Exact = true }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).Last.ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Their value: Theirs");
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Their value: Grace %_\\");
        foreach (var (name, isTicked) in new[] { ("Ada", true), ("ada", false), ("Grace %_\\", true) })
            await Assertions
                .Expect(translators.GetByLabel(name, new() { Exact = true }))
                .ToBeCheckedAsync(new() { Checked = isTicked });
        await LookAsync(page, "conflict");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save anyway" }).ClickAsync();
        await Assertions.Expect(page.Locator(".history").First).ToContainTextAsync("Mine");

        // Delete, then undo.
        await page.GetByRole(AriaRole.Link, new() { Name = "Delete…" }).ClickAsync();
        await LookAsync(page, "delete");
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(page.Locator("[role=status]")).ToHaveTextAsync("Restored.");

        // An action with an input asks for confirmation.
        await page.GetByRole(AriaRole.Button, new() { Name = "Lend…" }).ClickAsync();
        await LookAsync(page, "action");
        await page.GetByLabel("To whom").FillAsync("Grace");
        await page.GetByRole(AriaRole.Button, new() { Name = "Lend" }).ClickAsync();
        await Assertions
            .Expect(page.Locator("[role=status]").First)
            .ToContainTextAsync("The action was applied to 1 row.");
        // The list from which the row was opened keeps its state.
        page.Url.ShouldContain("filters=yes");

        // Edit in the list, with a conflict.
        await using (var open = library.Open("books"))
            await open.Rows.UpdateAsync(path.Split('/')[^1], LibraryListTests.Filled(("price", "5")));
        await GoAsync(page, "/books");
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit in list" }).ClickAsync();
        await page.GetByLabel("Price, Mine").FillAsync("6");
        await page.GetByLabel("Pages, Mine").FillAsync("many");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save changes" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Enter a number in the allowed range.");
        await using (var open = library.Open("books"))
            await open.Rows.UpdateAsync(path.Split('/')[^1], LibraryListTests.Filled(("price", "7")));
        await page.GetByLabel("Pages, Mine").FillAsync("8");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save changes" }).ClickAsync();
        await Assertions.Expect(page.Locator("main")).ToContainTextAsync("Their value: 7");
        await LookAsync(page, "edits-conflict");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save anyway" }).ClickAsync();
        await Assertions.Expect(page.Locator("[role=status]").First).ToHaveTextAsync("1 row saved.");

        // A child added with a button and saved with its parent.
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

        // An export shows its progress and completion.
        await library.Database.ExecuteAsync(
            "INSERT INTO library.tags (name) SELECT 'a \"quoted\" line' || chr(10) || number FROM generate_series(1, "
                + "2500) AS number"
        );
        foreach (var format in new[] { "CSV", "JSON" })
        {
            await GoAsync(page, "/tags");
            await page.Locator(".menu summary", new() { HasText = "Export" }).ClickAsync();
            var file = await page.RunAndWaitForDownloadAsync(() =>
                page.GetByRole(AriaRole.Link, new() { Name = $"Export {format}" }).ClickAsync()
            );
            file.SuggestedFilename.ShouldMatch($"^tags-[0-9-]+\\.{format.ToLowerInvariant()}$");
            await Assertions.Expect(page.Locator("#exporting")).ToContainTextAsync("is complete: 2,501 rows, 0.1 MB.");
            await LookAsync(page, $"export-{format}");
        }
        noise.ShouldBeEmpty();
        wrong.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Form_is_not_submitted_twice(bool guarded)
    {
        const string guard =
            "if (sent?.form === event.target && event.timeStamp - sent.at < 2000) return event.preventDefault();";
        await using var context = await SignInAsync(phone: false, dark: false);
        var page = await context.NewPageAsync();
        var (goes, arrives) = (new List<string>(), new TaskCompletionSource());
        page.Console += (_, message) =>
        {
            if (message.Text.StartsWith("goes", StringComparison.Ordinal))
                goes.Add(message.Text);
        };
        await page.AddInitScriptAsync(
            "addEventListener('submit', event => console.log('goes', !event.defaultPrevented))"
        );
        await page.RouteAsync(
            "**/js/admin*",
            async route =>
            {
                var script = await (await route.FetchAsync()).TextAsync();
                script.ShouldContain(guard);
                await route.FulfillAsync(
                    new() { ContentType = "text/javascript", Body = guarded ? script : script.Replace(guard, "") }
                );
            }
        );
        await GoAsync(page, "/books/-/new");
        await page.RouteAsync(
            "**/books/-/new",
            async route =>
            {
                await arrives.Task;
                await route.AbortAsync();
            }
        );
        var save = page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).Last;
        await save.ScrollIntoViewIfNeededAsync();
        var button = (await save.BoundingBoxAsync())!;
        // A real mouse double-click does not wait for navigation.
        Task ClickAsync() => page.Mouse.ClickAsync(button.X + (button.Width / 2), button.Y + (button.Height / 2));
        var one = ClickAsync();
        await Lightning.Testing.Wait.UntilAsync(() => goes.Count == 1);
        var other = ClickAsync();
        await Lightning.Testing.Wait.UntilAsync(() => goes.Count == 2);
        goes.ShouldBe(["goes true", guarded ? "goes false" : "goes true"]);
        arrives.SetResult();
        await Task.WhenAll(one, other);
    }

    [Fact]
    public async Task Page_inspection_finds_defects()
    {
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        await page.SetContentAsync(
            """
<html><body style="width: 5000px"><img src="data:,">
<p style="color: #ddd; background: #fff">Hardly to be read</p><input></body></html>
"""
        );
        var errors = string.Join('\n', await page.FindIssuesAsync("faulty"));
        foreach (
            var rule in new[]
            {
                "html-has-lang",
                "document-title",
                "image-alt",
                "color-contrast",
                "label",
                "landmark-one-main",
            }
        )
            errors.ShouldContain($"faulty: {rule}: ");
        errors.ShouldContain("faulty scrolls horizontally");
    }

    [Theory]
    [InlineData("wide", false, false)]
    [InlineData("phone", true, false)]
    [InlineData("dark", false, true)]
    public async Task Pages_are_accessible_and_fit_the_screen(string name, bool phone, bool dark)
    {
        await using var db = library.Connect();
        var book = await db
            .Books.Include(book => book.Translators)
            .FirstAsync(
                book => !book.IsRestricted && book.Author!.Name == "Ada" && book.Reviews.Count > 0,
                Cancellation
            );
        if (book.Translators.Count == 0)
            book.Translators.AddRange(
                await db.Authors.Where(author => author.Name != "Anonymous").ToListAsync(Cancellation)
            );
        await db.SaveChangesAsync(Cancellation);
        await using var context = await SignInAsync(phone, dark);
        var page = await context.NewPageAsync();
        foreach (
            var (title, path) in new[]
            {
                ("list", "/books?size=25"),
                ("narrowed", "/books?f.readAt.on=2024&f.genre.is=Novel&filters=yes&size=25"),
                ("edits", "/books/-/edits?size=25"),
                ("nothing", "/books?q=nothing+at+all"),
                ("error", "/books?sort=nothing"),
                ("row", $"/books/{book.Id}"),
                ("edit", $"/books/{book.Id}/edit"),
                ("new", "/books/-/new"),
                ("import", "/books/-/import"),
                ("history", $"/books/{book.Id}/history"),
                ("search", "/search?q=love"),
                ("shelves", "/shelves"),
                ("authors", "/authors"),
                ("author", $"/authors/{book.AuthorId}"),
                ("author-edit", $"/authors/{book.AuthorId}/edit"),
                ("edits-error", "/books/-/edits?at=nonsense"),
                ("linked", "/books?q=%3Cscript%3E&col=title&col=author.name&col=translators"),
            }
        )
        {
            await GoAsync(page, path);
            await LookAsync(page, $"{title}-{name}");
        }
        if (phone)
        {
            // The rows come first; the filter panel is collapsed until opened.
            await GoAsync(page, "/books?f.genre.is=Novel&filters=yes&size=25");
            var (fold, facets) = (page.Locator(".fold"), page.Locator(".filters .facets").First);
            await Assertions.Expect(facets).ToBeHiddenAsync();
            (await page.Locator("[data-rows] tbody tr").First.BoundingBoxAsync())!.Y.ShouldBeLessThan(740);
            await fold.Locator("summary").ClickAsync();
            await Assertions.Expect(facets).ToBeVisibleAsync();
            await LookAsync(page, "unfolded");
            await GoAsync(page, "/books?size=25");
            await page.Locator("[data-filters]").ClickAsync();
            await Assertions.Expect(facets).ToBeVisibleAsync();
            await Assertions.Expect(fold.Locator("summary")).ToBeInViewportAsync();
        }
        else
        {
            await Assertions.Expect(page.Locator(".fold")).ToHaveCountAsync(0);
            // Columns fit the screen despite long values; the title has the full text.
            var endless = new string('w', 100);
            var author = new Author { Name = endless };
            db.AddRange(
                author,
                new Book
                {
                    Title = endless + endless,
                    AuthorId = author.Id,
                    Origin = new Origin { City = endless },
                    PublishedOn = new(2026, 3, 14),
                    ReadAt = DateTimeOffset.UtcNow,
                }
            );
            await db.SaveChangesAsync(Cancellation);
            await GoAsync(
                page,
                $"/books?q={endless}&col=title&col=author.name&col=origin.city&col=genre&col=publishedOn&col=readAt"
                    + $"&filters=yes"
            );
            await Assertions.Expect(page.Locator(".filters .facets").First).ToBeVisibleAsync();
            await LookAsync(page, $"long-{name}");
            (
                await page.Locator(".table-wrap").EvaluateAsync<int>("table => table.scrollWidth - table.clientWidth")
            ).ShouldBe(0);
            (await page.Locator("td.long").CountAsync()).ShouldBe(3);
            await library.Database.ExecuteAsync(
                $"""
                DELETE FROM library.books WHERE title LIKE 'www%';
                DELETE FROM library.authors WHERE name = '{endless}'
                """
            );
        }
        wrong.ShouldBeEmpty();
    }

    async Task<IBrowserContext> SignInAsync(bool phone, bool dark)
    {
        var (_, _, browser) = await library.SignInAsync(isAdmin: true);
        var context = await chromium.OpenAsync(phone, dark);
        await context.AddCookiesAsync(
            browser.Cookies.Select(cookie => new Cookie
            {
                Name = cookie.Name,
                Value = cookie.Value,
                Domain = "localhost",
                Path = "/",
                Secure = true,
                HttpOnly = true,
            })
        );
        browser.Dispose();
        return context;
    }

    Task<IResponse?> GoAsync(IPage page, string path) => page.GotoAsync(new Uri(library.Address, path).ToString());

    async Task LookAsync(IPage page, string name)
    {
        wrong.AddRange(await page.FindIssuesAsync(name));
        wrong.AddRange(
            (await page.EvaluateAsync<string[]>(SmallTargets)).Select(small => $"{name}: too small to hit: {small}")
        );
    }

    /// <summary>Click targets smaller than 24 pixels (WCAG 2.2, 2.5.8), except links in text.</summary>
    const string SmallTargets = """
        () => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")]
          .filter(target => target.checkVisibility() && !target.matches("p a, small a, .alert a, .visually-hidden"))
          .map(target => [
            target.outerHTML.slice(0, 120),
            (target.closest("label") ?? target).getBoundingClientRect().height])
          .filter(([, height]) => height < 24).map(([target, height]) => `${height}: ${target}`)
        """;
}
