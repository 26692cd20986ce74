using System.Collections.Concurrent;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>
/// Tabs and windows of one browser over HTTP/1.1, which allows six connections per origin for all of them together.
/// </summary>
public sealed class TabsTests(RunningApp app, Browser browser)
{
    const string Events = "/api/v1/notes/events";

    [Fact]
    public async Task Ten_tabs_and_four_windows_stay_responsive_and_live()
    {
        await using var context = await browser.OpenAsync();
        var streams = new OpenRequests(context, Events);
        var first = await app.SignUpAsync(context, "Tilda", "tilda@example.com");
        var pages = new List<IPage> { first };
        while (pages.Count < 10)
            pages.Add(await context.NewPageAsync());
        while (pages.Count < 14)
            pages.Add(
                await context.RunAndWaitForPageAsync(() =>
                    first.EvaluateAsync("open('about:blank', '_blank', 'popup,width=600,height=500')")
                )
            );
        foreach (var page in pages.Skip(1))
        {
            await page.GotoAsync(new Uri(app.Address("bff"), "/notes").ToString());
            await Expect(Button(page, "New note")).ToBeVisibleAsync();
        }

        await Task.WhenAll(pages.Select(EnsureResponsiveAsync));
        streams.Count.ShouldBe(1);
        await WriteAsync(first, "Seen everywhere", "By all tabs");

        foreach (var page in pages)
            await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Seen everywhere" })).ToBeVisibleAsync();
        await Task.WhenAll(pages.Select(EnsureResponsiveAsync));
        streams.Count.ShouldBe(1);
        streams.MostAtOnce.ShouldBe(1);
    }

    [Fact]
    public async Task Another_tab_takes_over_when_the_one_with_the_stream_closes()
    {
        await using var context = await browser.OpenAsync();
        var streams = new OpenRequests(context, Events);
        var first = await app.SignUpAsync(context, "Tove", "tove@example.com");
        var second = await OpenNotesAsync(context);
        var third = await OpenNotesAsync(context);

        await first.CloseAsync();
        await WriteAsync(second, "After the hand-over", "");

        await Expect(third.GetByRole(AriaRole.Link, new() { Name = "After the hand-over" })).ToBeVisibleAsync();
        streams.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Sign_out_in_one_tab_covers_the_note_in_another()
    {
        await using var context = await browser.OpenAsync();
        var first = await app.SignUpAsync(context, "Tara", "tara@example.com");
        await WriteAsync(first, "Diary", "Private");
        var second = await OpenNotesAsync(context);
        await second.GetByRole(AriaRole.Link, new() { Name = "Diary" }).ClickAsync();
        await Expect(second.GetByLabel("Note")).ToHaveValueAsync("Private");

        await Button(first, "Sign out").ClickAsync();

        await Expect(Button(second, "Sign in again")).ToBeVisibleAsync();
        await Expect(second.GetByText("You signed out in another tab.")).ToBeVisibleAsync();
        await Expect(second.GetByLabel("Note")).ToBeHiddenAsync();
        await Expect(second.GetByText("Diary").First).ToBeHiddenAsync();
        (await second.TitleAsync()).ShouldNotContain("Diary");
        await second.InspectLooksAsync("signed-out-elsewhere");
    }

    async Task<IPage> OpenNotesAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(app.Address("bff"), "/notes").ToString());
        await Expect(Button(page, "New note")).ToBeVisibleAsync();
        return page;
    }

    /// <summary>Requests would wait for a free connection forever if streams had taken all six.</summary>
    static async Task EnsureResponsiveAsync(IPage page) =>
        (
            await page.EvaluateAsync<int>(
                """
                async () => {
                  const signal = AbortSignal.timeout(15_000);
                  const response = await fetch('/bff/user?slide=false', { headers: { 'X-CSRF': '1' }, signal });
                  await response.text();
                  return response.status;
                }
                """
            )
        ).ShouldBe(200);

    static ILocator Button(IPage page, string name) =>
        page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    static async Task WriteAsync(IPage page, string title, string body)
    {
        await Button(page, "New note").ClickAsync();
        await page.GetByLabel("Title").FillAsync(title);
        await page.GetByLabel("Note").FillAsync(body);
        await Button(page, "Save").ClickAsync();
        await Expect(page.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
    }

    /// <summary>The requests to a path that have not ended, in all pages of a browser context.</summary>
    sealed class OpenRequests
    {
        readonly ConcurrentDictionary<IRequest, bool> open = [];

        public OpenRequests(IBrowserContext context, string path)
        {
            context.Request += (_, request) =>
            {
                if (new Uri(request.Url).AbsolutePath != path)
                    return;
                open[request] = true;
                MostAtOnce = Math.Max(MostAtOnce, open.Count);
            };
            context.RequestFinished += (_, request) => open.TryRemove(request, out bool _);
            context.RequestFailed += (_, request) => open.TryRemove(request, out bool _);
            context.Page += (_, page) => page.Close += (_, closed) => Forget(closed);
        }

        public int Count => open.Count;

        public int MostAtOnce { get; private set; }

        /// <summary>The requests of a page that is closed do not end.</summary>
        void Forget(IPage page)
        {
            foreach (var request in open.Keys.Where(request => request.Frame.Page == page))
                open.TryRemove(request, out bool _);
        }
    }
}
