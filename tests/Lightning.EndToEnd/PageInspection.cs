using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Lightning.EndToEnd;

/// <summary>Screenshots and accessibility checks of pages.</summary>
static class PageInspection
{
    static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    /// <summary>
    /// Runs all axe rules in the page. The package's own method opens a tab to merge frames and returns passed rules
    /// too, which is slow.
    /// </summary>
    const string Inspection = """
        async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
          .map(found => `${found.id}: ${found.help} ${found.nodes.map(node => node.html).join(' ')}`)
        """;

    /// <summary>Saves a screenshot with the test results.</summary>
    public static Task SaveScreenshotAsync(this IPage page, string name) =>
        page.ScreenshotAsync(
            new()
            {
                Path = Path.Combine(AppContext.BaseDirectory, "TestResults", "screenshots", $"{name}.png"),
                FullPage = true,
            }
        );

    /// <summary>
    /// Saves a screenshot and returns the issues: violations of axe rules, and horizontal scrolling.
    /// </summary>
    public static async Task<IReadOnlyList<string>> FindIssuesAsync(this IPage page, string name)
    {
        await page.SaveScreenshotAsync(name);
        await page.EvaluateAsync($"() => {{ {Axe} }}");
        var issues = (await page.EvaluateAsync<string[]>(Inspection)).Select(issue => $"{name}: {issue}").ToList();
        if (!await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"))
            issues.Add($"{name} scrolls horizontally");
        return issues;
    }

    /// <summary>Saves a screenshot and asserts that there are no issues.</summary>
    public static async Task InspectAsync(this IPage page, string name) =>
        (await page.FindIssuesAsync(name)).ShouldBeEmpty();

    /// <summary>Inspects the page at desktop and phone width, in light and dark mode.</summary>
    public static async Task InspectLooksAsync(this IPage page, string name)
    {
        foreach (
            var (look, width, scheme) in new[]
            {
                ("phone-dark", 360, ColorScheme.Dark),
                ("phone", 360, ColorScheme.Light),
                ("wide-dark", 1280, ColorScheme.Dark),
                ("wide", 1280, ColorScheme.Light),
            }
        )
        {
            await page.SetViewportSizeAsync(width, 800);
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.InspectAsync($"{name}-{look}");
        }
    }
}
