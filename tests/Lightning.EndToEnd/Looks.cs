using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Lightning.EndToEnd;

/// <summary>What a page looks like, and what is wrong with that.</summary>
static class Looks
{
    static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    /// <summary>
    /// All of axe's rules, in the page itself. The package's own way puts the results of frames together in a tab of its own, and brings back all that is right: for pages
    /// that have no frames that is most of what an inspection costs.
    /// </summary>
    const string Inspection = """
        async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
          .map(found => `${found.id}: ${found.help} ${found.nodes.map(node => node.html).join(' ')}`)
        """;

    /// <summary>Keeps what the page looks like with the test's output.</summary>
    public static Task ShootAsync(this IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(AppContext.BaseDirectory, "TestResults", "screenshots", $"{name}.png"), FullPage = true });

    /// <summary>Takes a picture, and says what is wrong: what axe finds, and whether the page scrolls sideways.</summary>
    public static async Task<IReadOnlyList<string>> FaultsAsync(this IPage page, string name)
    {
        await page.ShootAsync(name);
        await page.EvaluateAsync($"() => {{ {Axe} }}");
        var faults = (await page.EvaluateAsync<string[]>(Inspection)).Select(fault => $"{name}: {fault}").ToList();
        if (!await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth")) faults.Add($"{name} scrolls sideways");
        return faults;
    }

    /// <summary>Takes a picture, and finds nothing wrong.</summary>
    public static async Task InspectAsync(this IPage page, string name) => (await page.FaultsAsync(name)).ShouldBeEmpty();

    /// <summary>The same wide and on a phone, light and dark; the page is wide and light again after that.</summary>
    public static async Task InspectLooksAsync(this IPage page, string name)
    {
        foreach (var (look, width, scheme) in new[] { ("phone-dark", 360, ColorScheme.Dark), ("phone", 360, ColorScheme.Light), ("wide-dark", 1280, ColorScheme.Dark), ("wide", 1280, ColorScheme.Light) })
        {
            await page.SetViewportSizeAsync(width, 800);
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.InspectAsync($"{name}-{look}");
        }
    }
}
