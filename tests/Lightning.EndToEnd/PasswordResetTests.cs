using System.Text.RegularExpressions;
using Lightning.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>An administrator has somebody asked for a new password; only the owner of the mailbox sees the link, and only they choose.</summary>
public sealed class PasswordResetTests(RunningApp app, Browser browser)
{
    const string Address = "forgetful@example.com";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U13")]
    public async Task Administrator_PressesTheButton_AndThePersonChoosesByMail()
    {
        await (await Newcomers.SignedInAsync(app, browser, Address, Cancellation)).CloseAsync();
        using var mail = app.Client("mail");
        var mailbox = new Mailbox(mail);
        var first = await mailbox.WaitForLinkAsync(Address, Cancellation);

        var page = await (await browser.OpenAsync()).NewPageAsync();
        var link = Regex.Match(await app.ManageAsync("create-admin", "resetter@example.com"), @"http\S+", RegexOptions.None, TimeSpan.FromSeconds(1)).Value;
        await page.GotoAsync(link);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Newcomers.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.LeavesAsync("/account/password");
        await page.GotoAsync(new Uri(app.Address("admin"), "/accounts").ToString());
        await page.GetByRole(AriaRole.Link, new() { Name = Address }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = Address })).ToBeVisibleAsync();
        await page.InspectAsync("admin-account-wide");
        await page.SetViewportSizeAsync(360, 740);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        await page.InspectAsync("admin-account-phone-dark");
        await page.GetByRole(AriaRole.Link, new() { Name = "Delete the account" }).ClickAsync();
        await Expect(page.GetByText("Sessions (by their user): 1, deleted too")).ToBeVisibleAsync();
        await page.InspectAsync("admin-account-delete-phone-dark");
        await page.GetByRole(AriaRole.Link, new() { Name = "Cancel" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Mail a link for a new password" }).ClickAsync();
        await page.InspectAsync("admin-account-ask-phone-dark");
        await page.GetByRole(AriaRole.Button, new() { Name = "Mail the link" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("is on its way");
        await page.InspectAsync("admin-account-asked-phone-dark");

        var second = first;
        await Wait.UntilAsync(async () => (second = await mailbox.WaitForLinkAsync(Address, Cancellation)) != first, TimeSpan.FromSeconds(30));
        (await page.ContentAsync()).ShouldNotContain("token=");
        var owner = await (await browser.OpenAsync()).NewPageAsync();
        await owner.GotoAsync(second);
        await owner.GetByLabel("Password", new() { Exact = true }).FillAsync("another set of words");
        await owner.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(owner.GetByText("You are signed in", new() { Exact = false })).ToBeVisibleAsync();
    }
}
