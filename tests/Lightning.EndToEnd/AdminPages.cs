using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>Steps on the admin site that several tests share.</summary>
static class AdminPages
{
    /// <summary>Creates an administrator and signs in at the provider.</summary>
    public static async Task<IPage> AdministratorAsync(this RunningApp app, IBrowserContext context, string address)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(
            Regex
                .Match(
                    await app.ManageAsync("create-admin", address),
                    @"http\S+",
                    RegexOptions.None,
                    TimeSpan.FromSeconds(1)
                )
                .Value
        );
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(ProviderUsers.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.WaitToLeaveAsync("/account/password");
        return page;
    }

    /// <summary>Opens a user's account on the admin site.</summary>
    public static async Task<IPage> OpenAccountAsync(this IPage page, RunningApp app, string address)
    {
        await page.GotoAsync(new Uri(app.Address("admin"), "/accounts").ToString());
        await page.GetByRole(AriaRole.Link, new() { Name = address }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = address })).ToBeVisibleAsync();
        return page;
    }
}
