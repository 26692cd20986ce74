using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>
/// The Aspire dashboard in a browser: resources, traces, logs and Lightning's meters.
/// </summary>
public sealed class AspireDashboardTests(RunningApp app, Browser browser)
{
    static readonly string[] Running = ["postgres", "lightning", "mail", "identity", "api", "web", "bff", "admin"];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resources_are_running_and_healthy()
    {
        await using var context = await browser.OpenAsync();
        var page = await SignInAsync(context);

        foreach (var name in Running)
            await Expect(Row(page, name)).ToContainTextAsync("Running");
        await Expect(Row(page, "migrate")).ToContainTextAsync("Finished");
        await Expect(page.GetByText("Unhealthy")).ToHaveCountAsync(0);
        await page.SaveScreenshotAsync("aspire-resources");
    }

    [Fact]
    public async Task Click_is_one_trace_from_the_BFF_to_the_SQL()
    {
        var traceId = await OpenNoteAsync("trace.reader@example.com");
        await using var context = await browser.OpenAsync();
        var page = await SignInAsync(context);

        await page.GotoAsync(new Uri(new Uri(page.Url), $"/traces/detail/{traceId}").ToString());

        foreach (var text in new[] { "GET /api/{**rest}", "GET /api/v1/notes/{id:guid}", "postgresql" })
            await Expect(page.GetByText(text, new() { Exact = false }).First).ToBeVisibleAsync();
        await page.SaveScreenshotAsync("aspire-trace");
    }

    [Fact]
    public async Task Log_line_of_a_request_is_found_by_its_trace()
    {
        var traceId = await OpenNoteAsync("log.reader@example.com");
        await using var context = await browser.OpenAsync();
        var page = await SignInAsync(context);
        var filter = Uri.EscapeDataString($"log.traceid:equals:{traceId}");

        await page.GotoAsync(new Uri(new Uri(page.Url), $"/structuredlogs?filters={filter}").ToString());

        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasTextRegex = new Regex(@"\b(bff|api)\b") }).First;
        await Expect(row).ToBeVisibleAsync();
        await page.SaveScreenshotAsync("aspire-logs");
    }

    [Fact]
    public async Task Lightning_meters_are_listed()
    {
        await using var context = await browser.OpenAsync();
        var page = await SignInAsync(context);

        await page.GotoAsync(new Uri(new Uri(page.Url), "/metrics/resource/bff").ToString());

        await Expect(page.GetByText("Lightning.Sessions").First).ToBeVisibleAsync();
        await Expect(page.GetByText("lightning.sessions.active").First).ToBeVisibleAsync();
        await page.SaveScreenshotAsync("aspire-metrics");
    }

    /// <summary>The row of a resource. Its accessible name begins with the resource type.</summary>
    static ILocator Row(IPage page, string name) =>
        page.GetByRole(AriaRole.Row, new() { NameRegex = new Regex($@"^\w+: {name} ") });

    /// <summary>Opens a note that does not exist, with a unique URL.</summary>
    /// <returns>The trace id of the browser's request.</returns>
    async Task<string> OpenNoteAsync(string address)
    {
        await using var context = await browser.OpenAsync();
        await ProviderUsers.SignUpAsync(app, context, address, Cancellation);
        var page = await context.NewPageAsync();
        var note = Guid.CreateVersion7();
        await page.GotoAsync(new Uri(app.Address("bff"), $"/bff/login?returnUrl=/notes/{note}").ToString());
        await Expect(page.GetByText("Note not found")).ToBeVisibleAsync();
        return await app.Traces.WaitForTraceAsync("bff", $"/api/v1/notes/{note}", Cancellation);
    }

    async Task<IPage> SignInAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(app.DashboardLogin.ToString());
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Resources" })).ToBeVisibleAsync();
        return page;
    }
}
