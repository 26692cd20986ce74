using System.Net;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
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
    [InlineData("/devices")]
    [InlineData("/trash")]
    [Trait("Check", "B28")]
    public async Task Page_OfTheFrontEnd_IsTheAppWithAStrictPolicy(string path)
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

    public static TheoryData<string, HttpStatusCode> Paths =>
        new()
        {
            { "/", HttpStatusCode.OK },
            { "/notes", HttpStatusCode.OK },
            { "/notes/", HttpStatusCode.OK },
            { "/notes/0198c0de-7a11-7000-8000-00000000c0de", HttpStatusCode.OK },
            { "/shared", HttpStatusCode.OK },
            { "/archive/new?q=1", HttpStatusCode.OK },
            { "/devices", HttpStatusCode.OK },
            { "/index.html", HttpStatusCode.OK },
            { "/nowhere", HttpStatusCode.NotFound },
            { "/apiary", HttpStatusCode.NotFound },
            { "/Notes", HttpStatusCode.NotFound },
            { "/notes/a/b", HttpStatusCode.NotFound },
            { "/notes//", HttpStatusCode.NotFound },
            { "/devices/x", HttpStatusCode.NotFound },
            { "/nowhere.html", HttpStatusCode.NotFound },
            { "/.well-known/unknown", HttpStatusCode.NotFound },
        };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Path_HasTheSameStatus_InDevelopmentAsInProduction(string path, HttpStatusCode status)
    {
        // Vite answers every path that is no file with the front end.
        bff.Api.Answer = context =>
        {
            context.Response.ContentType = "text/html";
            context.Response.Headers.ETag = "\"1\"";
            return context.Response.WriteAsync("<!doctype html>the app");
        };
        using var developer = bff.NewBrowser(bff.Start(("services:web:http:0", bff.Api.Address)));
        foreach (var visitor in new[] { browser, developer })
        foreach (var accept in new[] { AcceptHeaders.Pages[0], "*/*" })
        {
            using var answer = await visitor.GetAsync(path, ("Accept", accept));

            answer.StatusCode.ShouldBe(status);
            var text = await answer.Content.ReadAsStringAsync(Cancellation);
            if (status == HttpStatusCode.OK)
                text.ShouldEndWith("the app");
            else if (accept == "*/*")
                answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
            else if (!path.EndsWith(".html", StringComparison.Ordinal))
                text.ShouldEndWith("the app");
            if (status == HttpStatusCode.NotFound)
                answer.Headers.ETag.ShouldBeNull();
        }
    }

    [Fact]
    public async Task ChangePassword_RedirectsToTheProvider()
    {
        using var answer = await browser.GetAsync("/.well-known/change-password");

        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        answer.Headers.Location.ShouldBe(new Uri(new Uri(bff.Provider.Issuer), "/.well-known/change-password"));
    }

    [Theory]
    [InlineData("favicon.ico", "image/x-icon")]
    [InlineData("robots.txt", "text/plain")]
    public async Task File_EveryBrowserAsksFor_IsInTheFrontEnd(string name, string type)
    {
        File.Copy(Path.Combine(Repository.Root, "Lightning.Web", "public", name), Path.Combine(files.FullName, name));

        using var answer = await browser.GetAsync($"/{name}");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe(type);
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
