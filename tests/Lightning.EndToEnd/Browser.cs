using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Lightning.EndToEnd.Browser))]

namespace Lightning.EndToEnd;

/// <summary>
/// Chromium. If it is not installed, the tests that need it are skipped, or fail with <c>CI=true</c>.
/// </summary>
public sealed class Browser : IAsyncLifetime
{
    static readonly string[] Names =
    [
        "chromium-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "msedge",
    ];
    static readonly TimeSpan WaitTimeout = TimeSpan.FromMinutes(1);
    IPlaywright? playwright;
    IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        if (Find() is not { } executable)
            return;
        playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout((float)WaitTimeout.TotalMilliseconds);
        browser = await playwright.Chromium.LaunchAsync(
            new()
            {
                ExecutablePath = executable,
                Args =
                [
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ],
            }
        );
    }

    /// <summary>A browser context with its own cookies. The test closes it (<c>await using</c>).</summary>
    public async Task<IBrowserContext> OpenAsync(bool phone = false, bool dark = false, bool scripts = true)
    {
        if (browser is null)
        {
            const string missing =
                "NO BROWSER: install Chromium (on Debian `apt-get install chromium`), or set LIGHTNING_BROWSER.";
            if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase))
                Assert.Fail(missing);
            Assert.Skip(missing);
        }
        var context = await browser.NewContextAsync(
            new()
            {
                ViewportSize = phone ? new() { Width = 360, Height = 740 } : new() { Width = 1280, Height = 800 },
                ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
                JavaScriptEnabled = scripts,
            }
        );
        context.SetDefaultTimeout((float)WaitTimeout.TotalMilliseconds);
        return context;
    }

    public async ValueTask DisposeAsync()
    {
        // Pages that stay open use processor time of the tests that follow.
        var forgotten = browser?.Contexts.Count ?? 0;
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        forgotten.ShouldBe(0, "each test closes its browser contexts");
    }

    static string? Find()
    {
        if (Environment.GetEnvironmentVariable("LIGHTNING_BROWSER") is { Length: > 0 } named)
            return named;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return Names
            .SelectMany(name => folders.Select(folder => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
    }
}
