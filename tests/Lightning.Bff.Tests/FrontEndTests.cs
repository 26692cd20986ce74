using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Bff.Tests;

public sealed class FrontEndTests(PostgresServer server) : IAsyncLifetime
{
    readonly BffUnderTest bff = new(server);
    readonly DirectoryInfo files = Directory.CreateTempSubdirectory("lightning-wwwroot");
    Browser browser = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await bff.InitializeAsync();
        Directory.CreateDirectory(Path.Combine(files.FullName, "assets"));
        await File.WriteAllTextAsync(Path.Combine(files.FullName, "index.html"), "<!doctype html>the app");
        await File.WriteAllTextAsync(Path.Combine(files.FullName, "assets", "app-1234.js"), "let app");
        browser = bff.NewBrowser(bff.Start((WebHostDefaults.WebRootKey, files.FullName)));
    }

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await bff.DisposeAsync();
        files.Delete(recursive: true);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/notes/7")]
    [InlineData("/apiary")]
    [Trait("Check", "B28")]
    public async Task Page_AnyPath_IsTheAppWithAStrictPolicy(string path)
    {
        using var page = await browser.GetAsync(path);

        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await page.Content.ReadAsStringAsync(Cancellation)).ShouldEndWith("the app");
        page.Headers.CacheControl!.ToString().ShouldBe("no-cache");
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("script-src 'self';");
        policy.ShouldContain("object-src 'none'");
        policy.ShouldContain("frame-ancestors 'none'");
        policy.ShouldNotContain("unsafe");
    }

    [Fact]
    public async Task Asset_WithContentHash_IsCachedForever()
    {
        using var asset = await browser.GetAsync("/assets/app-1234.js");

        asset.Headers.CacheControl!.ToString().ShouldContain("immutable");
    }

    [Theory]
    [InlineData("/assets/missing.js")]
    [InlineData("/bff/unknown")]
    [InlineData("/health/unknown")]
    public async Task UnknownPath_Is404AndNotTheApp(string path)
    {
        using var answer = await browser.FetchAsync(HttpMethod.Get, path);

        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task Page_InDevelopment_IsForwardedWithoutTheSession()
    {
        using var ada = await bff.SignInAsync(bff.Start(("services:web:http:0", bff.Api.Address)));

        using var page = await ada.Browser.GetAsync("/src/main.tsx?t=1");

        (await page.Content.ReadAsStringAsync(Cancellation)).ShouldBe("from the API");
        var received = bff.Api.Requests.Last();
        received.Target.ShouldBe("/src/main.tsx?t=1");
        received.Headers.Keys.ShouldNotContain("Cookie");
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("style-src 'self' 'unsafe-inline'");
        (await ada.StatusOfAsync()).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("GET", "/bff/unknown", HttpStatusCode.NotFound)]
    [InlineData("GET", "/API/unknown", HttpStatusCode.Unauthorized)]
    [InlineData("GET", "/health/unknown", HttpStatusCode.NotFound)]
    [InlineData("OPTIONS", "/api/v1/notes", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/notes", HttpStatusCode.MethodNotAllowed)]
    public async Task DevelopmentServer_GetsPageRequestsOnly(string method, string path, HttpStatusCode status)
    {
        using var developer = bff.NewBrowser(bff.Start(("services:web:http:0", bff.Api.Address)));

        using var answer = await developer.FetchAsync(new HttpMethod(method), path);

        answer.StatusCode.ShouldBe(status);
        bff.Api.Requests.ShouldBeEmpty();
    }

    [Fact]
    public void Routes_AreReadableSpanNames()
    {
        foreach (var address in new[] { bff.Address, bff.Start(("services:web:http:0", bff.Api.Address)) })
        foreach (
            var endpoint in bff.ServicesOf(address)
                .GetRequiredService<EndpointDataSource>()
                .Endpoints.OfType<RouteEndpoint>()
        )
            endpoint
                .RoutePattern.RawText.ShouldNotBeNull()
                .ShouldSatisfyAllConditions(
                    route => route.Length.ShouldBeLessThan(50),
                    route => route.ShouldNotContain("regex")
                );
    }

    [Fact]
    [Trait("Check", "B01")]
    public async Task Request_OverPlainHttpToAnotherHost_IsRefused()
    {
        using var answer = await browser.GetAsync("/bff/login", ("Host", "app.example.com"));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Headers.Contains("Set-Cookie").ShouldBeFalse();
    }

    [Fact]
    [Trait("Check", "B01")]
    public async Task Request_OverHttpInProduction_IsRefused_WithForwardedProtoToo()
    {
        using var production = bff.NewBrowser(
            bff.Start(
                ("environment", "Production"),
                ("Oidc:Authority", "https://id.example.com"),
                (WebHostDefaults.WebRootKey, files.FullName)
            )
        );

        using var answer = await production.GetAsync("/bff/login", ("X-Forwarded-Proto", "https"));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        using var live = await production.GetAsync("/health/live");
        live.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
