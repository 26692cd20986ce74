using System.Text.RegularExpressions;
using Lightning.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>
/// An administrator requests a password reset. Only the owner of the mailbox sees the link and sets the password.
/// </summary>
public sealed class PasswordResetTests(RunningApp app, Browser browser)
{
    const string Address = "forgetful@example.com";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U13")]
    public async Task Administrator_requests_a_password_reset_by_mail()
    {
        await using (var provider = await browser.OpenAsync())
            await ProviderUsers.SignUpAsync(app, provider, Address, Cancellation);
        using var mail = app.Client("mail");
        var mailbox = new Mailbox(mail);
        var first = await mailbox.WaitForLinkAsync(Address, Cancellation);

        await using var pageBrowser = await browser.OpenAsync();
        var page = await pageBrowser.NewPageAsync();
        var link = Regex
            .Match(
                await app.ManageAsync("create-admin", "resetter@example.com"),
                @"http\S+",
                RegexOptions.None,
                TimeSpan.FromSeconds(1)
            )
            .Value;
        await page.GotoAsync(link);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(ProviderUsers.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.WaitToLeaveAsync("/account/password");
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
        await page.GetByRole(AriaRole.Link, new() { Name = "Send a password reset link" }).ClickAsync();
        await page.InspectAsync("admin-account-ask-phone-dark");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send link" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("is on its way");
        await page.InspectAsync("admin-account-asked-phone-dark");

        var second = first;
        await Wait.UntilAsync(
            async () => (second = await mailbox.WaitForLinkAsync(Address, Cancellation)) != first,
            TimeSpan.FromSeconds(30)
        );
        (await page.ContentAsync()).ShouldNotContain("token=");
        await using var ownerBrowser = await browser.OpenAsync();
        var owner = await ownerBrowser.NewPageAsync();
        await owner.GotoAsync(second);
        await owner.GetByLabel("Password", new() { Exact = true }).FillAsync("another set of words");
        await owner.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(owner.GetByText("You are signed in", new() { Exact = false })).ToBeVisibleAsync();
    }
}
