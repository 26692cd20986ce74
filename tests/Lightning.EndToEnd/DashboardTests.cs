using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>
/// The overview page of the admin site in a browser: a chart, and a table with the same numbers.
/// </summary>
public sealed class DashboardTests(RunningApp app, Browser browser)
{
    [Fact]
    public async Task Overview_draws_its_chart_or_a_table_without_scripts()
    {
        await using var context = await browser.OpenAsync();
        var page = await app.AdministratorAsync(context, "overview@example.com");
        var errors = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                errors.Add(message.Text);
        };
        await page.GotoAsync(app.Address("admin").ToString());
        var numbers = page.GetByRole(AriaRole.Region, new() { Name = "Sign-ins in numbers" });
        await Expect(page.Locator(".chart canvas")).ToBeVisibleAsync();
        await Expect(page.Locator("[data-chart] details tbody")).Not.ToBeVisibleAsync();
        await page.InspectLooksAsync("overview");
        await page.GetByText("Show numbers").ClickAsync();
        await Expect(numbers.GetByRole(AriaRole.Row)).ToHaveCountAsync(15);
        errors.ShouldBeEmpty("the Content-Security-Policy blocks nothing");

        await using var without = await browser.OpenAsync(scripts: false);
        var plain = await app.AdministratorAsync(without, "plain@example.com");
        await plain.GotoAsync(app.Address("admin").ToString());
        await Expect(plain.Locator("[data-chart] details tbody tr")).ToHaveCountAsync(14);
        await Expect(plain.Locator("[data-chart] details tbody tr").Last).ToBeVisibleAsync();
        await Expect(plain.Locator(".chart")).ToHaveCountAsync(0);
        await plain.SaveScreenshotAsync("overview-without-scripts");
    }
}
