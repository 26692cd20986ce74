using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>People who make an account by mail, as several tests need them.</summary>
static class Newcomers
{
    public const string Password = "correct horse battery staple";

    /// <summary>A browser in which somebody has just made an account, and is signed in at the provider.</summary>
    public static async Task<IBrowserContext> SignedInAsync(RunningApp app, Browser browser, string address, CancellationToken cancellationToken)
    {
        var context = await browser.OpenAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(app.Address("identity"), "/account/register").ToString());
        await page.GetByLabel("Name").FillAsync("Reader");
        await page.GetByLabel("Email").FillAsync(address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Check your mail" })).ToBeVisibleAsync();
        using var mail = app.Client("mail");
        await page.GotoAsync(await new Mailbox(mail).WaitForLinkAsync(address, cancellationToken));
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.LeavesAsync("/account/password");
        return context;
    }
}
