using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>The sample that runs PKCE itself, in a real browser: no BFF, tokens in memory, calls across origins.</summary>
public sealed class PkceFrontEndTests(RunningApp app, Browser browser)
{
    const string Password = "correct horse battery staple";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Person_SignsInWritesRefreshesAndSignsOut_AndNoTokenIsStored()
    {
        var page = await OpenAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Create an account" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Grace");
        await page.GetByLabel("Email").FillAsync("grace@example.com");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Check your mail" })).ToBeVisibleAsync();
        using var mail = app.Client("mail");
        await page.GotoAsync(await new Mailbox(mail).WaitForLinkAsync("grace@example.com", Cancellation));
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();

        await Expect(page.GetByText("Signed in as Grace")).ToBeVisibleAsync();
        new Uri(page.Url).Query.ShouldBeEmpty();
        await WriteAsync(page, "Without a BFF");
        await page.GetByRole(AriaRole.Button, new() { Name = "Refresh tokens" }).ClickAsync();
        await Expect(page.GetByText("it is number 2")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Refresh tokens" }).ClickAsync();
        await Expect(page.GetByText("it is number 3")).ToBeVisibleAsync();
        await Expect(page.GetByText("Without a BFF", new() { Exact = true })).ToBeVisibleAsync();
        (await page.EvaluateAsync<string>("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")).ShouldBe("""[{},{},""]""");
        await page.InspectAsync("pkce-signed-in");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await Expect(page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Person_SignsInAtTheUpstreamProvider_AndExchangesItsIdToken()
    {
        app.Upstream.IdToken = claims => (claims["name"], claims["email"]) = ("Hedy", "hedy@example.org");
        var page = await OpenAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in with Sky" }).ClickAsync();
        await Expect(page.GetByText("Signed in as Hedy")).ToBeVisibleAsync();
        await WriteAsync(page, "By exchange");
        await page.GetByRole(AriaRole.Button, new() { Name = "Refresh tokens" }).ClickAsync();
        await Expect(page.GetByText("it is number 2")).ToBeVisibleAsync();
        await page.ShootAsync("pkce-exchanged");

        // The same person by Identity's own button: one account, and no mail, no password.
        var other = await (await browser.OpenAsync()).NewPageAsync();
        await other.GotoAsync(app.Address("bff").ToString());
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await other.ShootAsync("sign-in-upstream");
        await other.GetByRole(AriaRole.Button, new() { Name = "Sign in with Sky" }).ClickAsync();
        await Expect(other.GetByRole(AriaRole.Link, new() { Name = "By exchange" })).ToBeVisibleAsync();
    }

    [Fact, Trait("Check", "A24")]
    public async Task ScriptOfAnotherOrigin_ReadsNothing()
    {
        var page = await OpenAsync();
        var identity = app.Address("identity").GetLeftPart(UriPartial.Authority);
        var (discovery, notes) = ($"{identity}/.well-known/openid-configuration", new Uri(app.Address("api"), "/api/v1/notes").ToString());
        (await FetchAsync(page, discovery)).ShouldBe("200");
        (await FetchAsync(page, notes)).ShouldBe("401");

        // The upstream provider's origin: as good as any other, and its pages have no policy of their own that would forbid the call.
        var stranger = await (await browser.OpenAsync()).NewPageAsync();
        await stranger.GotoAsync($"{app.Upstream.Issuer}/jwks");
        (await FetchAsync(stranger, discovery)).ShouldBe("refused");
        (await FetchAsync(stranger, notes)).ShouldBe("refused");
        (await FetchAsync(stranger, $"{app.Upstream.Issuer}/jwks")).ShouldBe("200");
    }

    async Task<IPage> OpenAsync()
    {
        var context = await browser.OpenAsync();
        await app.Sample.StartAsync(app, Cancellation);
        var page = await context.NewPageAsync();
        await page.GotoAsync(app.Sample.Origin);
        return page;
    }

    static async Task WriteAsync(IPage page, string title)
    {
        await page.GetByLabel("New note").FillAsync(title);
        await page.GetByRole(AriaRole.Button, new() { Name = "Write" }).ClickAsync();
        await Expect(page.GetByText(title, new() { Exact = true })).ToBeVisibleAsync();
    }

    /// <summary>The status that a script of the page reads, or that it reads nothing.</summary>
    static Task<string> FetchAsync(IPage page, string url) =>
        page.EvaluateAsync<string>("url => fetch(url, { headers: { Authorization: 'Bearer x' } }).then(answer => `${answer.status}`, () => 'refused')", url);
}
