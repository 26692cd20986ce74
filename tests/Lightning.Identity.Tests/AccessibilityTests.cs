using Lightning.EndToEnd;
using Lightning.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.Identity.Tests;

public sealed class IdentityForSecondFactors(PostgresServer server) : IdentityInChromium(server)
{
    protected override IEnumerable<(string Key, string Value)> Settings =>
        [.. base.Settings, ("Identity:SecondFactor:RequiredFor", "Everyone")];
}

/// <summary>The second factor setup if it is required for everyone.</summary>
public sealed class SecondFactorSetUpAccessibilityTests(IdentityForSecondFactors identity, EndToEnd.Browser chromium)
    : IClassFixture<IdentityForSecondFactors>
{
    [Theory, Trait("Check", "U05")]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task SecondFactorSetUp_AnySizeAndTheme_IsAccessibleAndStartsSession(bool phone, bool dark)
    {
        var look = (phone ? "phone" : "wide") + (dark ? "-dark" : "");
        var user = await identity.AddAccountAsync($"ada.{look}");
        await using var context = await chromium.OpenAsync(phone, dark);
        var page = await context.NewPageAsync();
        await identity.SignInAsync(page, user.Email, "/account/devices");
        await page.WaitForUrlAsync(new Uri($"{identity.Origin}/account/second-step/set-up"));
        await Expect(page.GetByRole(AriaRole.Heading).First).ToBeVisibleAsync();
        await page.InspectAsync($"set-up-{look}");
        await page.GetByLabel("Code").FillAsync("000000");
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(page.GetByText("That code is incorrect.")).ToBeVisibleAsync();
        await page.GetByText("No camera?").ClickAsync();
        await page.InspectAsync($"set-up-fault-{look}");
        await page.GetByLabel("Code").FillAsync(identity.CodeOf(AccountActions.Key(await page.ContentAsync())));
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(page.GetByText("Write these down")).ToBeVisibleAsync();
        await page.InspectAsync($"set-up-codes-{look}");
        await page.GotoAsync($"{identity.Origin}/account");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Devices" }).Or(page.GetByText(user.Email)).First)
            .ToBeVisibleAsync();
    }
}

/// <summary>The account pages in a browser.</summary>
public sealed class AccessibilityTests(IdentityInChromium identity, EndToEnd.Browser chromium)
    : IClassFixture<IdentityInChromium>
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Pages_AnySizeAndTheme_AreAccessible(bool phone, bool dark)
    {
        var look = (phone ? "phone" : "wide") + (dark ? "-dark" : "");
        var user = await identity.AddAccountAsync($"ada.{look}");
        await using var context = await chromium.OpenAsync(phone, dark);
        var page = await context.NewPageAsync();
        var refused = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal))
                refused.Add(message.Text);
        };
        await IdentityInChromium.AddAuthenticatorAsync(page);
        foreach (
            var (path, name) in new[]
            {
                ("sign-in", "sign-in"),
                ("register", "register"),
                ("forgot-password", "forgot-password"),
                ("check-mail", "check-mail"),
                ("password?token=x", "link-ended"),
                ("password-set", "password-set"),
                ("password-set?disabled=true", "password-set-disabled"),
                ("signed-out", "signed-out"),
                ("deleted", "deleted"),
            }
        )
            await SeeAsync(path, name);

        await identity
            .Visitor()
            .SubmitAsync("/account/register", ("Name", "Grace Hopper"), ("Email", $"grace.{look}@example.com"));
        await page.GotoAsync($"{identity.Origin}/account/forgot-password");
        await page.GetByLabel("Email").FillAsync($"lost.{look}@example.com");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send link" }).ClickAsync();
        await Expect(page.GetByText($"lost.{look}@example.com")).ToBeVisibleAsync();
        await page.InspectAsync($"check-mail-sent-{look}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send again" }).ClickAsync();
        await Expect(page.GetByText("We have sent the email again.")).ToBeVisibleAsync();
        await page.InspectAsync($"check-mail-again-{look}");

        // A form that went stale because the cookie was lost.
        await page.GotoAsync($"{identity.Origin}/account/register");
        await page.GetByLabel("Name").FillAsync("Grace Hopper");
        await page.GetByLabel("Email").FillAsync($"stale.{look}@example.com");
        await context.ClearCookiesAsync(new() { Name = "__Host-lightning-id-af" });
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByText("Nothing was changed")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Email")).ToHaveValueAsync($"stale.{look}@example.com");
        await page.InspectAsync($"stale-{look}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByText($"stale.{look}@example.com")).ToBeVisibleAsync();

        await page.GotoAsync(identity.Origin + await identity.LinkAsync($"grace.{look}@example.com"));
        await Expect(page.GetByLabel("Name")).ToHaveValueAsync("Grace Hopper");
        await page.GetByLabel("Password").FillAsync("short");
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(page.GetByText("Use at least 8 characters.")).ToBeVisibleAsync();
        await page.InspectAsync($"password-fault-{look}");

        await identity.SignInAsync(page, user.Email);
        await page.InspectAsync($"home-{look}");
        await page.GotoAsync(identity.Origin + identity.Native(identity.Visitor()).AuthorizeUrl());
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Allow lightning-public?" })).ToBeVisibleAsync();
        await page.InspectAsync($"consent-{look}");
        await identity.Visitor().SignInAsync(user.Email);
        foreach (var path in new[] { "name", "change-password", "address", "devices", "data", "authenticator" })
            await SeeAsync(path, path);
        await SeeAsync("sign-in?returnUrl=%2Faccount%2Faddress", "confirm");
        await SeeAsync("passkeys", "passkeys-none");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await Expect(page.GetByLabel("Name of the passkey")).ToBeVisibleAsync();
        await page.InspectAsync($"passkeys-{look}");

        await page.GotoAsync($"{identity.Origin}/account/authenticator");
        await page.GetByText("No camera?").ClickAsync();
        var key = AccountActions.Key(await page.ContentAsync());
        await page.GetByLabel("Code").FillAsync(identity.CodeOf(key));
        await page.GetByRole(AriaRole.Button, new() { Name = "Turn on" }).ClickAsync();
        await Expect(page.GetByText("Write these down")).ToBeVisibleAsync();
        await page.InspectAsync($"recovery-codes-{look}");
        await SeeAsync("authenticator", "authenticator-on");
        await SeeAsync("?done=password", "account");

        await page.GotoAsync($"{identity.Origin}/account/address");
        await page.GetByLabel("New email address").FillAsync($"new.{look}@example.com");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send link" }).ClickAsync();
        await Expect(page.GetByText("We have sent an email to your new address.")).ToBeVisibleAsync();
        await page.GotoAsync(identity.Origin + await identity.LinkAsync($"new.{look}@example.com"));
        await page.InspectAsync($"confirm-address-{look}");

        await context.ClearCookiesAsync();
        await identity.SignInAsync(page, user.Email);
        await page.InspectAsync($"second-step-{look}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Use a recovery code" }).ClickAsync();
        await page.GetByLabel("Recovery code").FillAsync("0000-0000");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(page.GetByText("That recovery code is incorrect")).ToBeVisibleAsync();
        await page.InspectAsync($"second-step-fault-{look}");
        refused.ShouldBeEmpty();

        async Task SeeAsync(string path, string name)
        {
            await page.GotoAsync($"{identity.Origin}/account{(path.StartsWith('?') ? "" : "/")}{path}");
            await Expect(page.GetByRole(AriaRole.Heading).First).ToBeVisibleAsync();
            await page.InspectAsync($"{name}-{look}");
        }
    }

    [Fact]
    public async Task ValidationError_WithAndWithoutScripts_IsShownAtItsField()
    {
        await using var context = await chromium.OpenAsync();
        var page = await context.NewPageAsync();
        var posts = 0;
        page.Request += (_, request) => posts += request.Method == "POST" && request.IsNavigationRequest ? 1 : 0;
        await page.GotoAsync($"{identity.Origin}/account/register");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.Locator("#email-error")).ToHaveTextAsync("Enter an email address.");
        await Expect(page.GetByLabel("Name")).ToBeFocusedAsync();
        await Expect(page.GetByLabel("Name")).ToHaveAttributeAsync("aria-invalid", "true");
        posts.ShouldBe(0);
        await page.GetByLabel("Name").FillAsync("Ada");
        await Expect(page.Locator("#name-error")).ToBeEmptyAsync();

        var html = await (
            await identity.Visitor().SubmitAsync("/account/register", ("Name", ""), ("Email", "nonsense"))
        ).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        html.ShouldMatch("""<span [^>]*id="name-error"[^>]*>Enter your name.</span>""");
        html.ShouldMatch(
            """<span [^>]*id="email-error"[^>]*>Enter an email address, such as ada@example.com.</span>"""
        );
    }
}
