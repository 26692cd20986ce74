using Microsoft.Playwright;
using Npgsql;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>
/// An administrator impersonates a user, and disables and enables the account, in a browser.
/// </summary>
public sealed class ImpersonationTests(RunningApp app, Browser browser)
{
    const string Address = "wren@example.com";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "L12")]
    public async Task Impersonation_shows_a_banner_and_logs_both_names()
    {
        await using var theirs = await browser.OpenAsync();
        await using var mine = await browser.OpenAsync();
        var wren = await app.SignUpAsync(theirs, "Wren", Address);
        var page = await (await app.AdministratorAsync(mine, "helper@example.com")).OpenAccountAsync(app, Address);
        await page.InspectLooksAsync("account-acts");
        await page.GetByRole(AriaRole.Link, new() { Name = "Impersonate Wren" }).ClickAsync();
        await page.InspectLooksAsync("act-as-question");
        await page.GetByLabel("Reason").FillAsync("Ticket 41");
        await page.GetByRole(AriaRole.Button, new() { Name = "Impersonate Wren" }).ClickAsync();

        // Without "Allow changes" it is read-only.
        var banner = page.GetByRole(AriaRole.Region, new() { Name = "Impersonation" });
        await Expect(banner).ToContainTextAsync("You can read, but change nothing.");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "New note" })).ToHaveCountAsync(0);
        await page.InspectLooksAsync("acting-read-only");
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Impersonate Wren" }).ClickAsync();
        await page.GetByLabel("Reason").FillAsync("Ticket 42");
        await page.GetByLabel("Allow changes").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Impersonate Wren" }).ClickAsync();

        await Expect(banner).ToContainTextAsync("You are impersonating Wren");
        await page.InspectLooksAsync("acting-notes");
        await page.GetByRole(AriaRole.Button, new() { Name = "New note" }).ClickAsync();
        await page.GetByLabel("Title").FillAsync("Written by the helper");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(page.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
        await page.InspectLooksAsync("acting-note");
        await page.GotoAsync(new Uri(app.Address("bff"), "/devices").ToString());
        await Expect(banner).ToBeVisibleAsync();
        await Expect(page.GetByText("This page is not available while you are impersonating Wren.")).ToBeVisibleAsync();
        await page.InspectLooksAsync("acting-devices");
        // The account pages at the provider still show the administrator's account.
        var account = await mine.NewPageAsync();
        await account.GotoAsync(new Uri(app.Address("identity"), "/account").ToString());
        await Expect(account.GetByText("helper@example.com").First).ToBeVisibleAsync();
        await account.CloseAsync();

        // The user sees it in the list of devices.
        await wren.GetByRole(AriaRole.Link, new() { Name = "Devices" }).ClickAsync();
        await Expect(wren.GetByText("Administrator impersonating you").First).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = Address })).ToBeVisibleAsync();
        new Uri(page.Url).Authority.ShouldBe(app.Address("admin").Authority);
        (await AuditAsync()).ShouldBe([
            "acting-asked helper -",
            "acting-started helper -",
            "acting-ended helper helper",
            "acting-asked helper -",
            "acting-started helper -",
            "note.created Wren helper",
            "acting-ended helper helper",
        ]);

        // A second start whose link is intercepted: it does not work in the user's browser, and after that not in the
        // administrator's either.
        await page.GetByRole(AriaRole.Link, new() { Name = "Impersonate Wren" }).ClickAsync();
        var link = await CatchAsync(mine, page);
        foreach (var context in new[] { theirs, mine })
        {
            var lured = await context.NewPageAsync();
            await lured.GotoAsync(link);
            await Expect(lured.GetByRole(AriaRole.Heading, new() { Name = "Impersonation refused" }))
                .ToBeVisibleAsync();
            await lured.CloseAsync();
        }
        await wren.ReloadAsync();
        await Expect(wren.GetByText("Wren", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(wren.GetByRole(AriaRole.Region, new() { Name = "Impersonation" })).ToHaveCountAsync(0);

        // A disabled account is signed out immediately. Once enabled, its owner can sign in again.
        await page.OpenAccountAsync(app, Address);
        await page.GetByRole(AriaRole.Link, new() { Name = "Disable the account" }).ClickAsync();
        await page.InspectLooksAsync("account-disable");
        await page.GetByRole(AriaRole.Button, new() { Name = "Disable", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("is disabled");
        await page.InspectLooksAsync("account-disabled");
        await Expect(wren.GetByText("Your session has ended.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Enable the account" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Enable", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("is enabled");
    }

    /// <summary>Submits the form without following the redirect.</summary>
    static async Task<string> CatchAsync(IBrowserContext context, IPage page)
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, page.Url)
        {
            Content = new FormUrlEncodedContent([
                new("Reason", "Ticket 43"),
                new(
                    "__RequestVerificationToken",
                    await page.Locator("main input[name=__RequestVerificationToken]").InputValueAsync()
                ),
            ]),
        };
        request.Headers.TryAddWithoutValidation(
            "Cookie",
            string.Join(
                "; ",
                (await context.CookiesAsync())
                    .Where(cookie => cookie.Name.StartsWith("__Host-lightning-admin", StringComparison.Ordinal))
                    .Select(cookie => $"{cookie.Name}={cookie.Value}")
            )
        );
        using var answer = await client.SendAsync(request, Cancellation);
        return answer.Headers.Location!.ToString();
    }

    /// <summary>The audit log entries of the user: action, user and impersonator.</summary>
    async Task<string[]> AuditAsync()
    {
        await using var source = NpgsqlDataSource.Create(await app.ConnectionStringAsync());
        await using var command = source.CreateCommand(
            $"""
            SELECT entry.action || ' ' || coalesce(nullif(split_part(who.email, '@', 1), 'wren'),
                'Wren') || ' ' || coalesce(split_part(behind.email, '@', 1), '-')
            FROM audit.entries AS entry JOIN app.users AS person ON person.email = '{Address}' JOIN app.users AS who
                ON who.id = entry.user_id LEFT JOIN app.users AS behind ON behind.id = entry.acted_by
            WHERE entry.action LIKE 'acting-%' AND entry.subject_id = person.id::text OR entry.action LIKE 'note.%'
                AND entry.user_id = person.id ORDER BY entry.id
            """
        );
        await using var rows = await command.ExecuteReaderAsync(Cancellation);
        var lines = new List<string>();
        while (await rows.ReadAsync(Cancellation))
            lines.Add(rows.GetString(0));
        return [.. lines];
    }
}
