using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Lightning.EndToEnd;
using Lightning.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.AppHost.Tests;

/// <summary>The dashboard's pages in a real browser, while the small application runs.</summary>
public sealed partial class DashboardPageTests(DashboardApp dashboard, EndToEnd.Browser browser) : IDisposable
{
    readonly ConcurrentQueue<string> _complaints = [];

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resources_WhileOneLooks_FollowCommandsWithoutReloading()
    {
        var page = await OpenAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Resources" })).ToBeVisibleAsync();
        await Expect(Row(page, "service")).ToContainTextAsync("Running");
        await Expect(Row(page, "job")).ToContainTextAsync("Finished (exit code 0)");
        await Expect(Row(page, "postgres")).ToContainTextAsync("Running");
        await Expect(Row(page, "service").GetByRole(AriaRole.Link, new() { Name = "Service", Exact = true })).ToHaveAttributeAsync("href", new Regex("^http://localhost:"));
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Live");
        await page.InspectLooksAsync("dashboard-resources");

        // The document stays the same one: what is written into it is still there in the end.
        await page.EvaluateAsync("document.body.dataset.mark = 'same'");
        var script = Row(page, "script");
        await script.GetByRole(AriaRole.Button, new() { Name = "Stop script" }).ClickAsync();
        await Expect(script).ToContainTextAsync("Finished");
        await script.GetByRole(AriaRole.Button, new() { Name = "Start script", Exact = true }).ClickAsync();
        await Expect(script).ToContainTextAsync("Running");
        (await page.EvaluateAsync<string>("document.body.dataset.mark")).ShouldBe("same");

        await page.GetByRole(AriaRole.Link, new() { Name = "service", Exact = true }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "service" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "SECRET" })).ToContainTextAsync("••••••••");
        await page.InspectLooksAsync("dashboard-resource");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remember service" }).ClickAsync();
        using var service = dashboard.App.CreateHttpClient("service");
        await Wait.UntilAsync(async () => await service.GetStringAsync("/remembered", Cancelled) == "it");
    }

    [Fact]
    public async Task Console_WhileOneLooks_ShowsEachLineAndDownloads()
    {
        var page = await OpenAsync();
        await page.Keyboard.PressAsync("c");
        await ChooseAsync(page, "Resource", "service");
        var console = page.GetByRole(AriaRole.Log);
        await Expect(console).ToContainTextAsync("Now listening on");
        using var service = dashboard.App.CreateHttpClient("service");
        await service.GetStringAsync("/work?thing=%3Cb%3Ewool%3C%2Fb%3E", Cancelled);
        await Expect(console).ToContainTextAsync("Work on <b>wool</b> begins.");
        // .NET colours the levels where it is told that somebody sees it.
        await Expect(console.Locator("span.a33, span.a93").First).ToHaveTextAsync("warn");
        await page.InspectLooksAsync("dashboard-console");

        await page.GetByLabel("With the text").FillAsync("wool");
        await page.Keyboard.PressAsync("Enter");
        await Expect(console).ToContainTextAsync("wool");
        await Expect(console).Not.ToContainTextAsync("Now listening on");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        download.SuggestedFilename.ShouldBe("service.log");
        (await File.ReadAllTextAsync(await download.PathAsync(), Cancelled)).ShouldContain("warn: Program[");
    }

    [Fact]
    public async Task LogRecord_LeadsToItsTrace_AndTheTraceToTheStatement()
    {
        var page = await OpenAsync();
        await page.Keyboard.PressAsync("s");
        await ChooseAsync(page, "Level, at least", "Warning");
        using var service = dashboard.App.CreateHttpClient("service");
        await service.GetStringAsync("/work?thing=first", Cancelled); // which connects, and has a span for that
        await service.GetStringAsync("/work?thing=silk-from-afar", Cancelled);
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Work on silk-from-afar begins." });
        await Expect(row).ToHaveCountAsync(1);
        await row.Locator("summary").ClickAsync();
        await Expect(row.GetByRole(AriaRole.Row, new() { Name = "Category" })).ToContainTextAsync("Program");
        // What has been opened stays open when others come.
        await service.GetStringAsync("/work?thing=another", Cancelled);
        await Expect(page.GetByText("Work on another begins.").First).ToBeVisibleAsync();
        await Expect(row.GetByRole(AriaRole.Row, new() { Name = "Category" })).ToBeVisibleAsync();
        await page.InspectLooksAsync("dashboard-logs");

        await row.GetByRole(AriaRole.Link, new() { NameRegex = TraceName() }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading)).ToHaveTextAsync("service: GET /work");
        var spans = page.GetByRole(AriaRole.List, new() { Name = "Spans" }).Locator("> li");
        await Expect(spans).ToHaveCountAsync(4);
        await Expect(spans.First).ToContainTextAsync("GET /work");
        await Expect(page.Locator("li details[open]")).ToHaveCountAsync(1);
        var statement = spans.Last;
        await statement.Locator("summary").ClickAsync();
        await Expect(statement).ToContainTextAsync("SELECT length($1)::text AS length_of_thing");
        await Expect(statement).Not.ToContainTextAsync("silk-from-afar");
        await page.InspectLooksAsync("dashboard-trace");

        await page.GetByRole(AriaRole.Link, new() { NameRegex = RecordsName() }).ClickAsync();
        await Expect(page.GetByText("Work on silk-from-afar begins.").First).ToBeVisibleAsync();
        await Expect(page.GetByText("Work on another begins.")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Traces_OfRequestsThatFail_AreMarkedAndFound()
    {
        var page = await OpenAsync();
        await page.Keyboard.PressAsync("t");
        await ChooseAsync(page, "Which", "Requests that failed");
        using var client = dashboard.App.CreateHttpClient("service");
        (await client.GetAsync("/fault", Cancelled)).IsSuccessStatusCode.ShouldBeFalse();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "service: GET /fault" }).First;
        await Expect(row).ToContainTextAsync("Error");
        await ChooseAsync(page, "Which", "Requests");
        await client.GetStringAsync("/work?thing=cotton", Cancelled);
        await Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "service: GET /work" }).First).ToContainTextAsync(Spans());
        await page.InspectLooksAsync("dashboard-traces");
        await page.GetByRole(AriaRole.Link, new() { Name = "service: GET /fault" }).First.ClickAsync();
        await page.Locator("summary").First.ClickAsync();
        await Expect(page.GetByText("Asked to fail.").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Metrics_OfAResource_HaveAChartEach()
    {
        var page = await OpenAsync();
        await page.Keyboard.PressAsync("m");
        await ChooseAsync(page, "Resource", "service");
        using var service = dashboard.App.CreateHttpClient("service");
        await service.GetStringAsync("/work?thing=four", Cancelled);
        var own = page.GetByRole(AriaRole.Region, new() { Name = "small.worked" });
        await Expect(own).ToContainTextAsync("Things that were worked on, by outcome.");
        await Expect(own.GetByRole(AriaRole.Row, new() { Name = "outcome=4" })).ToBeVisibleAsync();
        await Expect(own.GetByRole(AriaRole.Img)).ToBeVisibleAsync();
        var spread = page.GetByRole(AriaRole.Region, new() { Name = "http.server.request.duration" });
        await Expect(spread.GetByRole(AriaRole.Row, new() { Name = "p99" })).ToBeVisibleAsync();
        await Expect(spread.Locator("polyline").First).ToBeAttachedAsync();
        // Its own come before the framework's.
        (await page.Locator("section h2").First.TextContentAsync()).ShouldBe("small.worked");
        await page.InspectLooksAsync("dashboard-metrics");
    }

    /// <summary>No page may ask for what the policy forbids, nor fail in its script.</summary>
    public void Dispose() => _complaints.ShouldBeEmpty();

    async Task<IPage> OpenAsync()
    {
        await dashboard.StartAsync(Cancelled);
        var page = await (await browser.OpenAsync()).NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") _complaints.Enqueue(message.Text);
        };
        page.PageError += (_, error) => _complaints.Enqueue(error);
        await page.GotoAsync(dashboard.Dashboard.Link!);
        return page;
    }

    static async Task ChooseAsync(IPage page, string label, string option)
    {
        var field = page.GetByLabel(label);
        await Expect(field).ToBeVisibleAsync();
        // The page's script is at work; before that a choice takes effect by the button alone.
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Live");
        await field.SelectOptionAsync(option);
    }

    static ILocator Row(IPage page, string resource) => page.Locator($"#resources-{resource}");

    /// <summary>Four, and one more where the service had to connect to the database first.</summary>
    [GeneratedRegex(@"service \([45]\)")]
    private static partial Regex Spans();

    [GeneratedRegex("^Trace [0-9a-f]{8}$")]
    private static partial Regex TraceName();

    [GeneratedRegex("^\\d+ log records$")]
    private static partial Regex RecordsName();
}
