using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>The API reference: sign-in and a request.</summary>
public sealed class ApiPageTests(RunningApp app, Browser browser)
{
    const string Address = "page.reader@example.com";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "A24")]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task API_reference_signs_in_and_stores_no_token(bool phone, bool dark)
    {
        var address = $"{(phone ? "phone" : "wide")}.{Address}";
        await using (var provider = await browser.OpenAsync())
            await ProviderUsers.SignUpAsync(app, provider, address, Cancellation);
        await using var context = await browser.OpenAsync(phone, dark);
        var page = await context.NewPageAsync();
        var refused = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                refused.Add(message.Text);
        };
        var asked = new List<IRequest>();
        page.Request += (_, request) => asked.Add(request);
        await page.GotoAsync(new Uri(app.Address("api"), "/docs").ToString());
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Lightning API" }).First).ToBeVisibleAsync();
        await page.SaveScreenshotAsync($"api-page-{(phone ? "phone" : "wide")}");

        var authorize = page.GetByRole(AriaRole.Button, new() { Name = "Authorize", Exact = true });
        var window = await context.RunAndWaitForPageAsync(() => authorize.ClickAsync());
        await window.GetByLabel("Email").FillAsync(address);
        await window.GetByLabel("Password", new() { Exact = true }).FillAsync(ProviderUsers.Password);
        var closed = new TaskCompletionSource();
        window.Close += (_, _) => closed.TrySetResult();
        await window.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Clear tokens" })).ToBeVisibleAsync();
        await page.SaveScreenshotAsync($"api-page-signed-in-{(phone ? "phone" : "wide")}");

        await ListNotesAsync(page);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "200 OK" })).ToBeVisibleAsync();
        await page.SaveScreenshotAsync($"api-page-tried-{(phone ? "phone" : "wide")}");
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth")).ShouldBeTrue();

        refused.ShouldBeEmpty();
        (
            await page.EvaluateAsync<string>(
                "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])"
            )
        ).ShouldBe("""[{},{},""]""");
        // All requests went to this API or the provider.
        var own = new[] { app.Address("api").Authority, app.Address("identity").Authority };
        asked
            .Select(request => new Uri(request.Url))
            .Where(url => url.Scheme is "http" or "https")
            .ShouldAllBe(url => own.Contains(url.Authority));
        var exchange = asked.Single(request => request.Url.EndsWith("/connect/token", StringComparison.Ordinal));
        exchange.PostData.ShouldNotBeNull();
        exchange.PostData.ShouldContain("code_verifier=");
        exchange.PostData.ShouldContain("client_id=lightning-public");

        // A reload discards the tokens.
        await page.ReloadAsync();
        await ListNotesAsync(page);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "401 Unauthorized" })).ToBeVisibleAsync();
    }

    /// <summary>Opens the operation in the page and sends a request.</summary>
    async Task ListNotesAsync(IPage page)
    {
        // Only the fragment changes, so the page keeps its memory.
        await page.GotoAsync(new Uri(app.Address("api"), "/docs/#tag/notes/GET/api/v1/notes").ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "(get /api/v1/notes)" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Send get request" }).ClickAsync();
    }
}
