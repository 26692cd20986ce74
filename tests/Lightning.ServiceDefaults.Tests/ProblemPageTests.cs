using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;

namespace Lightning.ServiceDefaults.Tests;

/// <summary>The pages at <c>/problems</c>.</summary>
public class ProblemPageTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Problem_type_leads_to_its_page()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.AddServiceDefaults();
        await using var app = builder.Build();
        app.UseServiceDefaults();
        app.MapGet("/problem/{slug}", (string slug) => Problem.Find(slug)!.ToResult("Detail.")).AllowAnonymous();
        app.MapGet("/status/{status:int}", (int status) => TypedResults.StatusCode(status)).AllowAnonymous();
        app.RequireAuthorizationMetadata();
        await app.StartAsync(Cancellation);
        using var client = app.GetTestClient();

        var list = await client.GetStringAsync("/problems", Cancellation);
        Problem.All.Count.ShouldBeGreaterThan(25);
        foreach (var problem in Problem.All)
        {
            using var response = await client.GetAsync($"/problem/{problem.Slug}", Cancellation);
            ((int)response.StatusCode).ShouldBe(problem.Status);
            var type = JsonDocument
                .Parse(await response.Content.ReadAsStringAsync(Cancellation))
                .RootElement.GetProperty("type")
                .GetString()!;
            using var page = await client.GetAsync(type, Cancellation);
            page.StatusCode.ShouldBe(HttpStatusCode.OK, type);
            page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
            page.Headers.GetValues("Content-Security-Policy")
                .Single()
                .ShouldStartWith("default-src 'none'; style-src 'sha256-");
            var text = WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync(Cancellation));
            text.ShouldContain($"<h1>{problem.Title}</h1>");
            text.ShouldContain(problem.Help.Split('`')[0]);
            list.ShouldContain($"href=\"{type}\"");
        }
        // A response with only a status code gets a problem type too.
        for (var status = 400; status < 600; status++)
        {
            using var response = await client.GetAsync($"/status/{status}", Cancellation);
            var type = JsonDocument
                .Parse(await response.Content.ReadAsStringAsync(Cancellation))
                .RootElement.GetProperty("type")
                .GetString();
            Problem.All.Select(problem => problem.Type).ShouldContain(type, $"{status}");
        }
    }

    [Fact]
    public async Task Unknown_problem_has_no_page()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.AddServiceDefaults();
        await using var app = builder.Build();
        app.UseServiceDefaults();
        await app.StartAsync(Cancellation);

        using var response = await app.GetTestClient().GetAsync("/problems/%3Cscript%3E", Cancellation);

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }
}
