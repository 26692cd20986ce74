using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>The admin site, as several tests use it.</summary>
static class AdminPages
{
    /// <summary>Makes an administrator, signed in at the provider.</summary>
    public static async Task<IPage> AdministratorAsync(this RunningApp app, IBrowserContext context, string address)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(Regex.Match(await app.ManageAsync("create-admin", address), @"http\S+", RegexOptions.None, TimeSpan.FromSeconds(1)).Value);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Newcomers.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.WaitForURLAsync(url => !url.Contains("/account/password", StringComparison.Ordinal), new() { WaitUntil = WaitUntilState.Commit });
        return page;
    }

    /// <summary>Looks at a page wide and on a phone, light and dark: a picture of each, no accessibility violation, nothing that scrolls sideways.</summary>
    public static async Task InspectAsync(this IPage page, string name)
    {
        foreach (var (look, width, height, scheme) in new[] { ("wide", 1280, 800, ColorScheme.Light), ("wide-dark", 1280, 800, ColorScheme.Dark), ("phone", 360, 740, ColorScheme.Light), ("phone-dark", 360, 740, ColorScheme.Dark) })
        {
            await page.SetViewportSizeAsync(width, height);
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.ShootAsync($"{name}-{look}");
            var violations = (await page.RunAxe()).Violations;
            violations.ShouldBeEmpty($"{name}-{look}: " + string.Join("; ", violations.Select(violation => $"{violation.Id}: {violation.Help}")));
            (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth")).ShouldBeTrue($"{name}-{look} scrolls sideways");
        }
        await page.SetViewportSizeAsync(1280, 800);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
    }

    /// <summary>Opens somebody's account on the admin site.</summary>
    public static async Task<IPage> OpenAccountAsync(this IPage page, RunningApp app, string address)
    {
        await page.GotoAsync(new Uri(app.Address("admin"), "/accounts").ToString());
        await page.GetByRole(AriaRole.Link, new() { Name = address }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = address })).ToBeVisibleAsync();
        return page;
    }
}
