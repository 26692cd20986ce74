using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>
/// The PKCE sample in a browser: no BFF, tokens in memory, cross-origin calls.
/// </summary>
public sealed class PkceFrontEndTests(RunningApp app, Browser browser)
{
    const string Password = "correct horse battery staple";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task User_signs_in_refreshes_and_signs_out_without_stored_tokens()
    {
        await using var context = await browser.OpenAsync();
        var page = await OpenAsync(context);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Create an account" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Grace");
        await page.GetByLabel("Email").FillAsync("grace@example.com");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Check your email" })).ToBeVisibleAsync();
        using var mail = app.Client("mail");
        await page.GotoAsync(await new Mailbox(mail).WaitForLinkAsync("grace@example.com", Cancellation));
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();

        await Expect(page.GetByText("Signed in as Grace")).ToBeVisibleAsync();
        new Uri(page.Url).Query.ShouldBeEmpty();
        await WriteAsync(page, "Without a BFF");
        await page.GetByRole(AriaRole.Button, new() { Name = "Refresh tokens" }).ClickAsync();
        await Expect(page.GetByText("refresh count: 1")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Refresh tokens" }).ClickAsync();
        await Expect(page.GetByText("refresh count: 2")).ToBeVisibleAsync();
        await Expect(page.GetByText("Without a BFF", new() { Exact = true })).ToBeVisibleAsync();
        (
            await page.EvaluateAsync<string>(
                "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])"
            )
        ).ShouldBe("""[{},{},""]""");
        await page.InspectAsync("pkce-signed-in");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Expect(page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task User_exchanges_the_ID_token_of_an_upstream_provider()
    {
        app.Upstream.IdToken = claims => (claims["name"], claims["email"]) = ("Hedy", "hedy@example.org");
        await using var context = await browser.OpenAsync();
        var page = await OpenAsync(context);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in with Sky" }).ClickAsync();
        await Expect(page.GetByText("Signed in as Hedy")).ToBeVisibleAsync();
        await WriteAsync(page, "By exchange");
        await page.GetByRole(AriaRole.Button, new() { Name = "Refresh tokens" }).ClickAsync();
        await Expect(page.GetByText("refresh count: 1")).ToBeVisibleAsync();
        await page.SaveScreenshotAsync("pkce-exchanged");

        // The same user with the button on Identity's sign-in page: the same account, without mail or password.
        await using var otherBrowser = await browser.OpenAsync();
        var other = await otherBrowser.NewPageAsync();
        await other.GotoAsync(app.Address("bff").ToString());
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await other.SaveScreenshotAsync("sign-in-upstream");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in with Sky" }).ClickAsync();
        await Expect(other.GetByRole(AriaRole.Link, new() { Name = "By exchange" })).ToBeVisibleAsync();
    }

    [Fact, Trait("Check", "A24")]
    public async Task Script_of_another_origin_reads_nothing()
    {
        await using var context = await browser.OpenAsync();
        var page = await OpenAsync(context);
        var identity = app.Address("identity").GetLeftPart(UriPartial.Authority);
        var (discovery, notes) = (
            $"{identity}/.well-known/openid-configuration",
            new Uri(app.Address("api"), "/api/v1/notes").ToString()
        );
        (await FetchAsync(page, discovery)).ShouldBe("200");
        (await FetchAsync(page, notes)).ShouldBe("401");

        // Any other origin. The pages of the upstream provider have no Content-Security-Policy that blocks requests.
        await using var strangerBrowser = await browser.OpenAsync();
        var stranger = await strangerBrowser.NewPageAsync();
        await stranger.GotoAsync($"{app.Upstream.Issuer}/jwks");
        (await FetchAsync(stranger, discovery)).ShouldBe("refused");
        (await FetchAsync(stranger, notes)).ShouldBe("refused");
        (await FetchAsync(stranger, $"{app.Upstream.Issuer}/jwks")).ShouldBe("200");
    }

    async Task<IPage> OpenAsync(IBrowserContext context)
    {
        await app.Sample.StartAsync(app, Cancellation);
        var page = await context.NewPageAsync();
        await page.GotoAsync(app.Sample.Origin);
        return page;
    }

    static async Task WriteAsync(IPage page, string title)
    {
        await page.GetByLabel("New note").FillAsync(title);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create note" }).ClickAsync();
        await Expect(page.GetByText(title, new() { Exact = true })).ToBeVisibleAsync();
    }

    /// <summary>The status that a script of the page can read, or the error.</summary>
    static Task<string> FetchAsync(IPage page, string url) =>
        page.EvaluateAsync<string>(
            "url => fetch(url, { headers: { Authorization: 'Bearer x' } }).then(answer => `${answer.status}`, () => "
                + "'refused')",
            url
        );
}
