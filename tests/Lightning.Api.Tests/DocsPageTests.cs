using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Lightning.Api.Tests;

/// <summary>The API reference page: availability and Content-Security-Policy.</summary>
public class DocsPageTests(PostgresServer server)
{
    static readonly string[] Files =
    [
        "docs.js",
        "docs.css",
        "tokens.css",
        "icon.svg",
        "callback.html",
        "callback.js",
        "scalar.js",
        "scalar.aspnetcore.js",
    ];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Development", null, true)]
    [InlineData("Development", "false", false)]
    [InlineData("Production", null, false)]
    [InlineData("Production", "true", true)]
    public async Task Page_is_available_in_development_or_if_enabled(string environment, string? show, bool isThere)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var api = Create(database, environment, show);
        using var client = api.CreateClient();

        using var page = await client.GetAsync("/docs", Cancellation);
        page.StatusCode.ShouldBe(isThere ? HttpStatusCode.OK : HttpStatusCode.NotFound);
        foreach (var file in Files)
        {
            using var response = await client.GetAsync($"/docs/{file}", Cancellation);
            response.StatusCode.ShouldBe(isThere ? HttpStatusCode.OK : HttpStatusCode.NotFound, file);
            if (!isThere)
                continue;
            var policy = PolicyOf(response);
            policy.ShouldNotContain("unsafe");
            policy.ShouldContain("default-src 'none'; script-src 'self'; ");
            policy.ShouldContain("connect-src 'self' https://id.example.com; ");
        }
    }

    [Fact]
    public async Task Page_runs_scripts_with_its_nonce_only_and_names_client_and_provider()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var api = Create(database, "Production", "true");
        using var client = api.CreateClient();

        using var page = await client.GetAsync("/docs", Cancellation);

        page.RequestMessage!.RequestUri!.AbsolutePath.ShouldBe("/docs/");
        page.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var policy = PolicyOf(page);
        policy.ShouldContain("connect-src 'self' https://id.example.com; ");
        var nonce = Regex
            .Match(policy, "^default-src 'none'; script-src 'nonce-([A-Za-z0-9+/=]{22,})'; ")
            .Groups[1]
            .Value;
        nonce.ShouldNotBeEmpty();
        // Styles are the exception; see DocsPage.
        policy.Replace("style-src 'self' 'unsafe-inline'; ", "", StringComparison.Ordinal).ShouldNotContain("unsafe");
        var html = await page.Content.ReadAsStringAsync(Cancellation);
        var scripts = Regex
            .Matches(html, "<script[^>]*>")
            .Select(script => WebUtility.HtmlDecode(script.Value))
            .ToArray();
        scripts.Length.ShouldBe(3);
        scripts.ShouldAllBe(script => script.Contains($"nonce=\"{nonce}\"", StringComparison.Ordinal));
        html.ShouldContain("""<meta name="client-id" content="lightning-public">""");
        html.ShouldContain("""<meta name="authority" content="https://id.example.com">""");
    }

    [Fact]
    public async Task Page_calls_none_of_the_services_of_its_library_and_keeps_no_token()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var api = Create(database, "Development", show: null);
        using var client = api.CreateClient();

        var html = await client.GetStringAsync("/docs/", Cancellation);

        foreach (
            var setting in new[]
            {
                "\"agent\":{\"disabled\":true}",
                "\"mcp\":{\"disabled\":true}",
                "\"telemetry\":false",
                "\"hideClientButton\":true",
                "\"showDeveloperTools\":\"never\"",
                "\"withDefaultFonts\":false",
            }
        )
            html.ShouldContain(setting);
        foreach (var setting in new[] { "proxyUrl", "persistAuth", "cdn" })
            html.ShouldNotContain(setting);
    }

    [Fact]
    public async Task Path_of_another_document_is_not_found()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var api = Create(database, "Development", show: null);
        using var client = api.CreateClient();

        using var response = await client.GetAsync("/docs/v2", Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    static string PolicyOf(HttpResponseMessage response) =>
        response.Headers.GetValues("Content-Security-Policy").Single();

    static WebApplicationFactory<Program> Create(TestDatabase database, string environment, string? show) =>
        new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseEnvironment(environment);
            host.UseSetting("ConnectionStrings:lightning", database.ConnectionStringOf("api"));
            host.UseSetting("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            host.UseSetting("Oidc:Authority", "https://id.example.com");
            if (show is not null)
                host.UseSetting("Api:Docs:Show", show);
        });
}
