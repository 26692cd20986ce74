using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>The API's own page: a person signs in on it and tries an operation as themself.</summary>
public sealed class ApiPageTests(RunningApp app, Browser browser)
{
    const string Address = "page.reader@example.com";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "A24")]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task Person_SignsInByCodeAndPkce_TriesAnOperation_AndNoTokenIsKept(bool phone, bool dark)
    {
        var address = $"{(phone ? "phone" : "wide")}.{Address}";
        await (await Newcomers.SignedInAsync(app, browser, address, Cancellation)).CloseAsync();
        var context = await browser.OpenAsync(phone, dark);
        var page = await context.NewPageAsync();
        var refused = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") refused.Add(message.Text);
        };
        var asked = new List<IRequest>();
        page.Request += (_, request) => asked.Add(request);
        await page.GotoAsync(new Uri(app.Address("api"), "/docs").ToString());
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Lightning API" }).First).ToBeVisibleAsync();
        await page.ShootAsync($"api-page-{(phone ? "phone" : "wide")}");

        await page.GetByRole(AriaRole.Button, new() { Name = "Authorize" }).First.ClickAsync();
        var window = await context.RunAndWaitForPageAsync(() => page.Locator(".modal-ux").GetByRole(AriaRole.Button, new() { Name = "Apply given OAuth2 credentials" })
            .Or(page.Locator(".modal-ux button.authorize")).First.ClickAsync());
        await window.GetByLabel("Email").FillAsync(address);
        await window.GetByLabel("Password", new() { Exact = true }).FillAsync(Newcomers.Password);
        var closed = new TaskCompletionSource();
        window.Close += (_, _) => closed.TrySetResult();
        await window.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        await Expect(page.Locator(".modal-ux").GetByRole(AriaRole.Button, new() { Name = "Logout" }).Or(page.Locator(".modal-ux button", new() { HasText = "Logout" })).First).ToBeVisibleAsync();
        await page.ShootAsync($"api-page-signed-in-{(phone ? "phone" : "wide")}");
        await page.Locator(".modal-ux button.btn-done").ClickAsync();

        await page.Locator("#operations-Notes-ListNotes .opblock-summary-control").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try it out" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Execute" }).ClickAsync();
        await Expect(page.Locator(".live-responses-table tbody .response-col_status").First).ToContainTextAsync("200");
        await page.ShootAsync($"api-page-tried-{(phone ? "phone" : "wide")}");

        refused.ShouldBeEmpty();
        (await page.EvaluateAsync<string>("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")).ShouldBe("""[{},{},""]""");
        // Nothing came from anywhere but this API and the provider, and nobody was asked by a page that is not there for it.
        var own = new[] { app.Address("api").Authority, app.Address("identity").Authority };
        asked.Select(request => new Uri(request.Url)).Where(url => url.Scheme is "http" or "https").ShouldAllBe(url => own.Contains(url.Authority));
        var exchange = asked.Single(request => request.Url.EndsWith("/connect/token", StringComparison.Ordinal));
        exchange.PostData.ShouldNotBeNull();
        exchange.PostData.ShouldContain("code_verifier=");
        exchange.PostData.ShouldContain("client_id=lightning-public");

        // With the page the tokens go.
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try it out" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Execute" }).ClickAsync();
        await Expect(page.Locator(".live-responses-table tbody .response-col_status").First).ToContainTextAsync("401");
    }
}
