using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>
/// The app in a browser. Screenshots are saved with the test results.
/// </summary>
public sealed partial class AppTests(RunningApp app, Browser browser) : IDisposable
{
    readonly ConcurrentQueue<string> violations = [];

    const string Password = "correct horse battery staple";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task New_user_finds_the_note_after_signing_in_again()
    {
        await using var context = await browser.OpenAsync();
        var page = await SignUpAsync(context, "Ada", "ada@example.com");
        await page.SaveScreenshotAsync("notes-empty");

        await WriteNoteAsync(page, "Groceries", "Milk");
        await page.GetByLabel("Note").FillAsync("Milk and bread");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
        await page.SaveScreenshotAsync("note-edited");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true })).ToBeVisibleAsync();
        (await context.CookiesAsync([app.Address("bff").ToString()])).ShouldNotContain(cookie =>
            cookie.Name == "__Host-lightning"
        );
        await page.SaveScreenshotAsync("signed-out");

        await SignInAsync(page, "ada@example.com");
        await page.GetByRole(AriaRole.Link, new() { Name = "Groceries" }).ClickAsync();
        await Expect(page.GetByLabel("Note")).ToHaveValueAsync("Milk and bread");
        await page.SaveScreenshotAsync("note-again");
    }

    [Fact]
    public async Task Second_user_cannot_see_notes_of_the_first()
    {
        await using var firstBrowser = await browser.OpenAsync();
        var first = await SignUpAsync(firstBrowser, "Bob", "bob@example.com");
        await WriteNoteAsync(first, "Bob's secret", "Private");
        var mine = await FetchAsync(first, "/api/v1/notes");
        var id = mine.Json!.Value.GetProperty("items")[0].GetProperty("id").GetString();

        await using var secondBrowser = await browser.OpenAsync();
        var second = await SignUpAsync(secondBrowser, "Eve", "eve@example.com");
        var theirs = await FetchAsync(second, "/api/v1/notes");
        theirs.Json!.Value.GetProperty("items").GetArrayLength().ShouldBe(0);
        (await FetchAsync(second, $"/api/v1/notes/{id}")).Status.ShouldBe(404);
        foreach (var (method, body) in new[] { ("PUT", """{"title":"mine","body":""}"""), ("DELETE", (string?)null) })
            (await FetchAsync(second, $"/api/v1/notes/{id}", method, body)).Status.ShouldBe(404);
        await second.GotoAsync(new Uri(app.Address("bff"), $"/notes/{id}").ToString());
        await Expect(second.GetByText("Note not found")).ToBeVisibleAsync();
        (await second.ContentAsync()).ShouldNotContain("Bob's secret");
        await second.SaveScreenshotAsync("foreign-note");

        (await FetchAsync(first, $"/api/v1/notes/{id}")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Shared_note_appears_live_for_the_recipient()
    {
        await using var recipientBrowser = await browser.OpenAsync();
        var recipient = await SignUpAsync(recipientBrowser, "Ines", "ines@example.com");
        await using var giverBrowser = await browser.OpenAsync();
        var giver = await SignUpAsync(giverBrowser, "Joan", "joan@example.com");
        await WriteNoteAsync(giver, "Travel plans", "Monday");
        var id = (await FetchAsync(giver, "/api/v1/notes"))
            .Json!.Value.GetProperty("items")[0]
            .GetProperty("id")
            .GetString();
        (
            await FetchAsync(giver, $"/api/v1/notes/{id}/shares", "POST", """{"address":"Ines@Example.com"}""")
        ).Status.ShouldBe(201);

        await recipient.GetByRole(AriaRole.Link, new() { Name = "Travel plans" }).ClickAsync();
        await Expect(recipient.GetByLabel("Note")).ToHaveValueAsync("Monday");
        await recipient.SaveScreenshotAsync("note-shared");
        await giver.GetByLabel("Note").FillAsync("Tuesday");
        await giver.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(recipient.GetByLabel("Note")).ToHaveValueAsync("Tuesday");
    }

    [Fact]
    public async Task Only_administrators_can_use_the_admin_site()
    {
        await using var personBrowser = await browser.OpenAsync();
        var person = await SignUpAsync(personBrowser, "Carol", "carol@example.com");
        await WriteNoteAsync(person, "Carol's note", "");
        var refused = await person.Context.NewPageAsync();
        await refused.GotoAsync(app.Address("admin").ToString());
        await Expect(refused.GetByText("administrators only", new() { Exact = false })).ToBeVisibleAsync();
        await refused.SaveScreenshotAsync("admin-refused");

        var output = await app.ManageAsync("create-admin", "root@example.com");
        var link = output
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Single(line => line.StartsWith("http", StringComparison.Ordinal));
        await using var pageBrowser = await browser.OpenAsync();
        var page = await pageBrowser.NewPageAsync();
        await page.GotoAsync(link);
        await ChoosePasswordAsync(page);
        await page.GotoAsync(app.Address("admin").ToString());
        foreach (
            var (list, text) in new[]
            {
                ("Accounts", "carol@example.com"),
                ("Sessions", "carol@example.com"),
                ("Notes", "Carol's note"),
            }
        )
        {
            await page.GetByRole(AriaRole.Link, new() { Name = list, Exact = true }).First.ClickAsync();
            await Expect(page.GetByRole(AriaRole.Heading, new() { Name = list })).ToBeVisibleAsync();
            await Expect(page.GetByText(text).First).ToBeVisibleAsync();
            await page.SaveScreenshotAsync($"admin-{list.ToLowerInvariant()}");
        }

        await page.GotoAsync(new Uri(app.Address("admin"), "/sessions").ToString());
        await page.GetByRole(AriaRole.Link, new() { Name = "End… carol@example.com" }).First.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "End this session" })).ToBeVisibleAsync();
        await page.InspectLooksAsync("admin-end-one");
        await page.GotoAsync(new Uri(app.Address("admin"), "/sessions/end").ToString());
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "End all sessions" })).ToBeVisibleAsync();
        await page.InspectLooksAsync("admin-end-all");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
        await page.GotoAsync(new Uri(app.Address("admin"), "/notes").ToString());
        await Expect(page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Request_is_one_trace_from_browser_to_SQL()
    {
        await using var pageBrowser = await browser.OpenAsync();
        var page = await SignUpAsync(pageBrowser, "Dora", "dora@example.com");
        var id = Guid.CreateVersion7();
        var missing = await FetchAsync(page, $"/api/v1/notes/{id}");
        var traceId = missing.Json!.Value.GetProperty("traceId").GetString()!;
        var spans = await app.Traces.WaitAsync(traceId, found => IsWhole(found), Cancellation);
        IsWhole(spans).ShouldBeTrue(string.Join(", ", spans));

        // The span has the statement without its parameters.
        var statements = spans
            .Where(span => span.Source == "Npgsql")
            .Select(span => span.Attributes.GetValueOrDefault("db.query.text") ?? "")
            .ToArray();
        statements.ShouldContain(
            statement => statement.Contains("FROM app.notes", StringComparison.Ordinal) && statement.Contains('@'),
            string.Join("; ", statements)
        );
        spans
            .Where(span => span.Source == "Npgsql")
            .SelectMany(span => span.Attributes.Values)
            .ShouldAllBe(value => !value.Contains(id.ToString(), StringComparison.OrdinalIgnoreCase));

        static bool IsWhole(IReadOnlyCollection<SentSpan> spans) =>
            spans.Any(span => span is { Service: "bff", Source: "Microsoft.AspNetCore" })
            && spans.Any(span => span is { Service: "api", Source: "Microsoft.AspNetCore" })
            && spans.Any(span => span is { Service: "api", Source: "Npgsql" });
    }

    [Fact]
    public async Task Sign_in_is_one_trace_across_BFF_and_Identity()
    {
        await using var pageBrowser = await browser.OpenAsync();
        var page = await SignUpAsync(pageBrowser, "Tessa", "tessa@example.com");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Expect(page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
        // The request has the trace context.
        var traceId = TraceParent().Match(page.Url).Groups["trace"].Value;
        await page.GetByLabel("Email").FillAsync("tessa@example.com");
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();

        var spans = await app.Traces.WaitAsync(traceId, found => Missing(found).Length == 0, Cancellation);
        Missing(spans).ShouldBeEmpty(string.Join(", ", spans));

        static string[] Missing(IReadOnlyCollection<SentSpan> spans) =>
            [
                .. new[]
                {
                    "bff GET /bff/login",
                    "identity POST /connect/par",
                    "identity GET /connect/authorize",
                    "identity GET /account/sign-in",
                    "identity POST /account/sign-in",
                    "bff GET /bff/signin-oidc",
                    "identity POST /connect/token",
                }.Except(
                    spans
                        .Where(span => span.Source == "Microsoft.AspNetCore")
                        .Select(span =>
                            $"{span.Service} {span.Attributes.GetValueOrDefault("http.request.method")} "
                            + $"{span.Attributes.GetValueOrDefault("url.path")}"
                        )
                ),
                .. new[] { "bff", "identity" }.Except(
                    spans.Where(span => span.Source == "Npgsql").Select(span => span.Service)
                ),
            ];
    }

    [Fact]
    public async Task API_reference_lists_operations()
    {
        await using var pageBrowser = await browser.OpenAsync();
        var page = await pageBrowser.NewPageAsync();
        await page.GotoAsync(new Uri(app.Address("api"), "/docs").ToString());

        foreach (var summary in new[] { "List notes", "Create a note", "Delete a note" })
            await Expect(page.GetByText(summary).First).ToBeVisibleAsync();
        await page.SaveScreenshotAsync("api-docs");
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Pages_have_no_accessibility_violation(bool phone, bool dark)
    {
        await using var pageBrowser = await browser.OpenAsync(phone, dark);
        var page = await pageBrowser.NewPageAsync();
        var look = (phone ? "phone" : "wide") + (dark ? "-dark" : "");
        await page.GotoAsync(app.Address("bff").ToString());
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true })).ToBeVisibleAsync();
        await page.InspectAsync($"landing-{look}");

        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByLabel("Email")).ToBeVisibleAsync();
        await page.InspectAsync($"register-{look}");

        await page.GotoAsync(app.Address("bff").ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Expect(page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
        await page.InspectAsync($"sign-in-{look}");
    }

    [GeneratedRegex(
        "00-(?<trace>[0-9a-f]{32})-[0-9a-f]{16}-01",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex TraceParent();

    /// <summary>No page may violate its Content-Security-Policy.</summary>
    public void Dispose() => violations.ShouldBeEmpty();

    async Task<IPage> SignUpAsync(IBrowserContext context, string name, string address)
    {
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                violations.Enqueue(message.Text);
        };
        await page.GotoAsync(app.Address("bff").ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Email").FillAsync(address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Check your email" })).ToBeVisibleAsync();
        using var client = app.Client("mail");
        await page.GotoAsync(await new Mailbox(client).WaitForLinkAsync(address, Cancellation));
        await ChoosePasswordAsync(page);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "New note" })).ToBeVisibleAsync();
        return page;
    }

    static async Task ChoosePasswordAsync(IPage page)
    {
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
    }

    static async Task SignInAsync(IPage page, string address)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.GetByLabel("Email").FillAsync(address);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
    }

    static async Task WriteNoteAsync(IPage page, string title, string body)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "New note" }).ClickAsync();
        await page.GetByLabel("Title").FillAsync(title);
        await page.GetByLabel("Note").FillAsync(body);
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
    }

    /// <summary>Sends a request from the page, with its cookies.</summary>
    static async Task<(int Status, JsonElement? Json)> FetchAsync(
        IPage page,
        string path,
        string method = "GET",
        string? body = null
    )
    {
        var answer = await page.EvaluateAsync<JsonElement>(
            """
            async ([path, method, body]) => {
              const response = await fetch(path, {
                method, body,
                headers: { 'X-CSRF': '1', 'If-Match': '*', ...(body ? { 'Content-Type': 'application/json' } : {}) } });
              const text = await response.text();
              return { status: response.status, text };
            }
            """,
            new[] { path, method, body }
        );
        var text = answer.GetProperty("text").GetString()!;
        return (
            answer.GetProperty("status").GetInt32(),
            text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : null
        );
    }
}
