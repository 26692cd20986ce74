using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>A user with two devices, in a browser.</summary>
public sealed class DevicesTests(RunningApp app, Browser browser)
{
    [Fact]
    [Trait("Check", "L10")]
    [Trait("Check", "B26")]
    public async Task Device_signed_out_remotely_keeps_unsaved_text()
    {
        const string address = "fay@example.com";
        await using var here = await browser.OpenAsync();
        await using var there = await browser.OpenAsync(phone: true, dark: true);
        var laptop = await app.SignUpAsync(here, "Fay", address);
        var phone = await app.SignInAsync(there, address);
        await phone.GetByRole(AriaRole.Button, new() { Name = "New note" }).ClickAsync();
        await phone.GetByLabel("Title").FillAsync("Half a thought");
        await phone.GetByLabel("Note").FillAsync("and the other half");

        await laptop.GetByRole(AriaRole.Link, new() { Name = "Devices" }).ClickAsync();
        var rows = laptop.GetByRole(AriaRole.Listitem);
        await Expect(rows).ToHaveCountAsync(2);
        await Expect(rows.First).ToContainTextAsync("This device");
        await Expect(rows.First)
            .ToContainTextAsync(new Regex("127\\.0\\.0\\.1|::1", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await Expect(rows.Nth(1)).Not.ToContainTextAsync("This device");
        // With the keyboard only: tab to the button that signs out the other device.
        await laptop.GetByRole(AriaRole.Link, new() { Name = "Devices" }).FocusAsync();
        await laptop.Keyboard.PressAsync("Tab");
        await laptop.Keyboard.PressAsync("Tab");
        await Expect(rows.Nth(1).GetByRole(AriaRole.Button)).ToBeFocusedAsync();
        await laptop.Keyboard.PressAsync("Enter");
        await Expect(laptop.GetByText("was signed out.")).ToBeVisibleAsync();
        await Expect(rows).ToHaveCountAsync(1);

        // Without an action on the other device.
        await Expect(phone.GetByText("Your session has ended.")).ToBeVisibleAsync();
        await Expect(phone.GetByText("Your unsaved text is kept in this tab")).ToBeVisibleAsync();
        await phone.SaveScreenshotAsync("session-ended-phone-dark");
        await phone.GetByRole(AriaRole.Button, new() { Name = "Sign in again" }).ClickAsync();
        await phone.GiveCredentialsAsync(address);
        await Expect(phone.GetByLabel("Title")).ToHaveValueAsync("Half a thought");
        await Expect(phone.GetByLabel("Note")).ToHaveValueAsync("and the other half");
        await phone.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(phone.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Devices_page_has_no_accessibility_violation()
    {
        const string address = "gus@example.com";
        await using var here = await browser.OpenAsync();
        await using var there = await browser.OpenAsync();
        var page = await app.SignUpAsync(here, "Gus", address);
        await app.SignInAsync(there, address);

        foreach (var isPhone in new[] { false, true })
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var look = (isPhone ? "phone" : "wide") + (scheme == ColorScheme.Dark ? "-dark" : "");
            await page.SetViewportSizeAsync(isPhone ? 360 : 1280, isPhone ? 740 : 800);
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.GetByRole(AriaRole.Link, new() { Name = "Notes" }).ClickAsync();
            await page.InspectAsync($"notes-{look}");

            await page.GetByRole(AriaRole.Link, new() { Name = "Devices" }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(2);
            await page.InspectAsync($"devices-{look}");

            await page.GetByRole(AriaRole.Button, new() { Name = "Sign out all other devices" }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
            await page.InspectAsync($"devices-question-{look}");
            await page.Keyboard.PressAsync("Escape");
            await Expect(page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
            await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out all other devices" }))
                .ToBeFocusedAsync();
        }
    }
}
