using System.Net;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>The BFF's pages that are not the front end's, and its addresses that every site has.</summary>
public sealed class SitePageTests(RunningApp app, Browser browser)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Failed_sign_in_has_the_look_of_the_product()
    {
        await using var context = await browser.OpenAsync();
        var page = await context.NewPageAsync();

        var response = await page.GotoAsync(Address("/bff/signin-oidc?state=unknown&code=unknown"));

        response!.Status.ShouldBe((int)HttpStatusCode.BadRequest);
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Try again" })).ToBeVisibleAsync();
        await page.InspectLooksAsync("sign-in-failed");
        // The style of the page is applied: the button has the accent.
        (
            await page.GetByRole(AriaRole.Link, new() { Name = "Try again" })
                .EvaluateAsync<string>("link => getComputedStyle(link).backgroundColor")
        ).ShouldBe("rgb(255, 207, 51)");
    }

    [Theory]
    [InlineData("/api/v1/notes")]
    [InlineData("/bff/unknown")]
    public async Task Error_opened_in_a_browser_is_a_page(string path)
    {
        await using var context = await browser.OpenAsync();
        var page = await context.NewPageAsync();

        await page.GotoAsync(Address(path));

        await Expect(page.GetByRole(AriaRole.Heading)).ToBeVisibleAsync();
        await page.InspectLooksAsync($"error{path.Replace('/', '-')}");
    }

    [Fact]
    public async Task Unknown_path_of_the_front_end_is_404_with_its_page()
    {
        await using var context = await browser.OpenAsync();
        var page = await context.NewPageAsync();

        var response = await page.GotoAsync(Address("/nowhere"));

        response!.Status.ShouldBe((int)HttpStatusCode.NotFound);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Page not found" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Change_password_leads_to_Identity()
    {
        await using var context = await browser.OpenAsync();
        var page = await context.NewPageAsync();

        await page.GotoAsync(Address("/.well-known/change-password"));

        new Uri(page.Url)
            .GetLeftPart(UriPartial.Authority)
            .ShouldBe(app.Address("identity").GetLeftPart(UriPartial.Authority));
        // Not signed in: after signing in it goes on to the page.
        await Expect(page.GetByLabel("Password", new() { Exact = true })).ToBeVisibleAsync();
        page.Url.ShouldContain("change-password");
    }

    [Theory]
    [InlineData("bff", "/favicon.ico", "image/")]
    [InlineData("bff", "/robots.txt", "text/plain")]
    [InlineData("identity", "/favicon.ico", "image/")]
    [InlineData("admin", "/robots.txt", "text/plain")]
    public async Task File_that_browsers_ask_for_exists(string service, string path, string type)
    {
        using var client = app.Client(service);

        using var response = await client.GetAsync(path, Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldStartWith(type);
    }

    string Address(string path) => new Uri(app.Address("bff"), path).ToString();
}
