using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>Signs users up and in at the app.</summary>
static class AppUsers
{
    const string Password = "correct horse battery staple";

    /// <summary>Creates an account and signs in.</summary>
    public static async Task<IPage> SignUpAsync(
        this RunningApp app,
        IBrowserContext context,
        string name,
        string address
    )
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(app.Address("bff").ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Email").FillAsync(address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Check your email" })).ToBeVisibleAsync();
        using var mail = app.Client("mail");
        await page.GotoAsync(await new Mailbox(mail).WaitForLinkAsync(address, TestContext.Current.CancellationToken));
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "New note" })).ToBeVisibleAsync();
        return page;
    }

    /// <summary>Signs in with an existing account.</summary>
    public static async Task<IPage> SignInAsync(this RunningApp app, IBrowserContext context, string address)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(app.Address("bff").ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.GiveCredentialsAsync(address);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "New note" })).ToBeVisibleAsync();
        return page;
    }

    /// <summary>Fills in the sign-in page.</summary>
    public static async Task GiveCredentialsAsync(this IPage page, string address)
    {
        await page.GetByLabel("Email").FillAsync(address);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }
}
