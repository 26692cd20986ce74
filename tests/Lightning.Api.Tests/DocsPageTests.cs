using System.Net;
using System.Security.Cryptography;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Lightning.Api.Tests;

/// <summary>Where the page that documents the API is, and what it may do.</summary>
public class DocsPageTests(PostgresServer server)
{
    static readonly string[] Files = ["/docs/index.html", "/docs/docs.js", "/docs/settings.json", "/docs/oauth2-redirect.html", "/docs/oauth2-redirect.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Development", null, true)]
    [InlineData("Development", "false", false)]
    [InlineData("Production", null, false)]
    [InlineData("Production", "true", true)]
    public async Task Page_IsThereInDevelopment_AndElsewhereOnlyWhereItIsAskedFor(string environment, string? show, bool isThere)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var api = Create(database, environment, show);
        using var client = api.CreateClient();
        foreach (var file in Files)
        {
            using var answer = await client.GetAsync(file, Cancellation);
            answer.StatusCode.ShouldBe(isThere ? HttpStatusCode.OK : HttpStatusCode.NotFound, file);
            if (!isThere) continue;
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            policy.ShouldNotContain("unsafe");
            policy.ShouldContain("default-src 'none'; script-src 'self'; ");
            policy.ShouldContain("connect-src 'self' https://id.example.com; ");
        }
        if (!isThere) return;
        // Ours, and not those of the same name that come with the library.
        (await client.GetStringAsync("/docs/oauth2-redirect.html", Cancellation)).ShouldNotContain("window.opener");
        (await client.GetStringAsync("/docs/settings.json", Cancellation)).ShouldBe("""{"clientId":"lightning-public"}""");
        using var start = await client.GetAsync("/docs", Cancellation);
        start.RequestMessage!.RequestUri!.AbsolutePath.ShouldBe("/docs/index.html");
    }

    static WebApplicationFactory<Program> Create(TestDatabase database, string environment, string? show) => new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
    {
        host.UseEnvironment(environment);
        host.UseSetting("ConnectionStrings:lightning", database.ConnectionStringOf("api"));
        host.UseSetting("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        host.UseSetting("Oidc:Authority", "https://id.example.com");
        if (show is not null) host.UseSetting("Api:Docs:Show", show);
    });
}
