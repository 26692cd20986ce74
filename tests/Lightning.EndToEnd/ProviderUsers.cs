using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>Users who are signed in at the provider.</summary>
static class ProviderUsers
{
    public const string Password = "correct horse battery staple";

    /// <summary>Creates an account and signs in at the provider.</summary>
    public static async Task SignUpAsync(
        RunningApp app,
        IBrowserContext context,
        string address,
        CancellationToken cancellationToken
    )
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(app.Address("identity"), "/account/register").ToString());
        await page.GetByLabel("Name").FillAsync("Reader");
        await page.GetByLabel("Email").FillAsync(address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Check your email" })).ToBeVisibleAsync();
        using var mail = app.Client("mail");
        await page.GotoAsync(await new Mailbox(mail).WaitForLinkAsync(address, cancellationToken));
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.WaitToLeaveAsync("/account/password");
    }
}
