using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>Aspire's own dashboard in a browser: state, one request's trace and log line, and Lightning's meters.</summary>
public sealed class AspireDashboardTests(RunningApp app, Browser browser)
{
    static readonly string[] Running = ["postgres", "lightning", "mail", "identity", "api", "web", "bff", "admin"];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resources_all_run_and_none_is_unhealthy()
    {
        var page = await SignInAsync();

        foreach (var name in Running) await Expect(Row(page, name)).ToContainTextAsync("Running");
        await Expect(Row(page, "migrate")).ToContainTextAsync("Finished");
        await Expect(page.GetByText("Unhealthy")).ToHaveCountAsync(0);
        await page.ShootAsync("aspire-resources");
    }

    [Fact]
    public async Task Click_in_the_browser_is_one_trace_from_the_BFF_to_the_statement()
    {
        var traceId = await OpenNoteAsync("trace.reader@example.com");
        var page = await SignInAsync();

        await page.GotoAsync(new Uri(new Uri(page.Url), $"/traces/detail/{traceId}").ToString());

        foreach (var text in new[] { "GET /api/{**rest}", "GET /api/v1/notes/{id:guid}", "postgresql" })
            await Expect(page.GetByText(text, new() { Exact = false }).First).ToBeVisibleAsync();
        await page.ShootAsync("aspire-trace");
    }

    [Fact]
    public async Task Log_line_of_a_request_is_found_by_its_trace()
    {
        var traceId = await OpenNoteAsync("log.reader@example.com");
        var page = await SignInAsync();
        var filter = Uri.EscapeDataString($"log.traceid:equals:{traceId}");

        await page.GotoAsync(new Uri(new Uri(page.Url), $"/structuredlogs?filters={filter}").ToString());

        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasTextRegex = new Regex(@"\b(bff|api)\b") }).First;
        await Expect(row).ToBeVisibleAsync();
        await page.ShootAsync("aspire-logs");
    }

    [Fact]
    public async Task Lightnings_own_meters_are_there()
    {
        var page = await SignInAsync();

        await page.GotoAsync(new Uri(new Uri(page.Url), "/metrics/resource/bff").ToString());

        await Expect(page.GetByText("Lightning.Sessions").First).ToBeVisibleAsync();
        await Expect(page.GetByText("lightning.sessions.active").First).ToBeVisibleAsync();
        await page.ShootAsync("aspire-metrics");
    }

    /// <summary>The row of a resource; its name begins with the kind.</summary>
    static ILocator Row(IPage page, string name) =>
        page.GetByRole(AriaRole.Row, new() { NameRegex = new Regex($@"^\w+: {name} ") });

    /// <summary>A person opens a note that does not exist, whose address nobody else asks for.</summary>
    /// <returns>The id of the trace that their browser's request began.</returns>
    async Task<string> OpenNoteAsync(string address)
    {
        var context = await Newcomers.SignedInAsync(app, browser, address, Cancellation);
        var page = await context.NewPageAsync();
        var note = Guid.CreateVersion7();
        await page.GotoAsync(new Uri(app.Address("bff"), $"/bff/login?returnUrl=/notes/{note}").ToString());
        await Expect(page.GetByText("There is no such note")).ToBeVisibleAsync();
        return await app.Traces.WaitForTraceAsync("bff", $"/api/v1/notes/{note}", Cancellation);
    }

    async Task<IPage> SignInAsync()
    {
        var page = await (await browser.OpenAsync()).NewPageAsync();
        await page.GotoAsync(app.DashboardLogin.ToString());
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Resources" })).ToBeVisibleAsync();
        return page;
    }
}
