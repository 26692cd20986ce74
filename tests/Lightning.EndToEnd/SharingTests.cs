using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>Two users and a note: pin, search, share, archive and end the sharing.</summary>
public sealed class SharingTests(RunningApp app, Browser browser)
{
    [Fact]
    public async Task Note_actions_are_live_on_both_pages()
    {
        await using var theirsBrowser = await browser.OpenAsync();
        var theirs = await app.SignUpAsync(theirsBrowser, "Nora", "nora@example.com");
        await using var mineBrowser = await browser.OpenAsync();
        var mine = await app.SignUpAsync(mineBrowser, "Otto", "otto@example.com");
        foreach (
            var (title, body) in new[]
            {
                ("Travel plans", "Monday by train"),
                ("Errands", "Bank"),
                ("Groceries", "Milk"),
            }
        )
            await WriteAsync(mine, title, body);

        // Pinned: first, although it is the oldest.
        await Link(mine, "Travel plans").ClickAsync();
        await Button(mine, "Pin").ClickAsync();
        await Expect(Button(mine, "Unpin")).ToBeVisibleAsync();
        await Expect(mine.Locator(".notes-items li").First).ToContainTextAsync("Travel plans");

        // Search by a word of the text.
        await mine.GetByRole(AriaRole.Searchbox, new() { Name = "Search" }).FillAsync("train");
        await Expect(Link(mine, "Errands")).ToHaveCountAsync(0);
        await Expect(Link(mine, "Travel plans")).ToBeVisibleAsync();
        await mine.GetByRole(AriaRole.Searchbox, new() { Name = "Search" }).FillAsync("");
        await Expect(Link(mine, "Errands")).ToBeVisibleAsync();

        // Share by address, after an invalid one.
        await Button(mine, "Share…").ClickAsync();
        await mine.GetByLabel("Address").FillAsync("nonsense");
        await Button(mine, "Share").ClickAsync();
        await Expect(mine.GetByText("Enter an email address, such as ada@example.com.")).ToBeVisibleAsync();
        await mine.GetByLabel("Address").FillAsync("Nora@Example.com");
        await mine.GetByText("Can edit").ClickAsync();
        await Button(mine, "Share").ClickAsync();
        await Expect(mine.GetByText("nora@example.com", new() { Exact = true })).ToBeVisibleAsync();
        await mine.InspectLooksAsync("sharing");
        await Button(mine, "Done").ClickAsync();

        // It appears on the recipient's page, and their edits appear on this one.
        await theirs.GetByRole(AriaRole.Link, new() { Name = "Shared with me" }).ClickAsync();
        await Link(theirs, "Travel plans").ClickAsync();
        await theirs.GetByLabel("Note").FillAsync("Tuesday by boat");
        await Button(theirs, "Save").ClickAsync();
        await Expect(mine.GetByLabel("Note")).ToHaveValueAsync("Tuesday by boat");
        await theirs.InspectLooksAsync("shared-with-me");

        // Archive the others together, and unarchive one.
        await Button(mine, "Select").ClickAsync();
        foreach (var title in new[] { "Errands", "Groceries" })
            await mine.GetByRole(AriaRole.Checkbox, new() { Name = title }).CheckAsync();
        await mine.InspectLooksAsync("select");
        await Button(mine, "Archive 2 notes").ClickAsync();
        await Expect(mine.Locator(".notes-items li")).ToHaveCountAsync(1);
        await mine.GetByRole(AriaRole.Link, new() { Name = "Archive", Exact = true }).ClickAsync();
        await Link(mine, "Groceries").ClickAsync();
        await Button(mine, "Unarchive").ClickAsync();
        await Expect(Link(mine, "Groceries")).ToHaveCountAsync(0);
        await Expect(Link(mine, "Errands")).ToBeVisibleAsync();
        await mine.InspectLooksAsync("archive");

        // Without the share, it disappears from the recipient's page.
        await mine.GetByRole(AriaRole.Link, new() { Name = "All", Exact = true }).ClickAsync();
        await Expect(Link(mine, "Groceries")).ToBeVisibleAsync();
        await mine.InspectLooksAsync("list");
        await Link(mine, "Travel plans").ClickAsync();
        await Button(mine, "Share…").ClickAsync();
        await Button(mine, "Remove access for nora@example.com").ClickAsync();
        await Expect(mine.GetByText("nora@example.com", new() { Exact = true })).ToHaveCountAsync(0);
        await Expect(Link(theirs, "Travel plans")).ToHaveCountAsync(0);
    }

    static ILocator Button(IPage page, string name) =>
        page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    static ILocator Link(IPage page, string title) =>
        page.Locator(".notes-items").GetByRole(AriaRole.Link, new() { Name = title });

    static async Task WriteAsync(IPage page, string title, string body)
    {
        await Button(page, "New note").ClickAsync();
        await page.GetByLabel("Title").FillAsync(title);
        await page.GetByLabel("Note").FillAsync(body);
        await Button(page, "Save").ClickAsync();
        await Expect(page.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
    }
}
