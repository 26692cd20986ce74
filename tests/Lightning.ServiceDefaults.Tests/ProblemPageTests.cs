using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;

namespace Lightning.ServiceDefaults.Tests;

/// <summary>Where problems lead to.</summary>
public class ProblemPageTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Problem_OfEveryKind_LeadsToAPageThatExplainsIt()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.AddServiceDefaults();
        await using var app = builder.Build();
        app.UseServiceDefaults();
        app.MapGet("/answer/{slug}", (string slug) => Problem.Find(slug)!.Answer("This time.")).AllowAnonymous();
        app.MapGet("/status/{status:int}", (int status) => TypedResults.StatusCode(status)).AllowAnonymous();
        app.RequireStatedPolicies();
        await app.StartAsync(Cancellation);
        using var client = app.GetTestClient();
        var list = await client.GetStringAsync("/problems", Cancellation);
        Problem.All.Count.ShouldBeGreaterThan(25);
        foreach (var problem in Problem.All)
        {
            using var answer = await client.GetAsync($"/answer/{problem.Slug}", Cancellation);
            ((int)answer.StatusCode).ShouldBe(problem.Status);
            var type = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("type").GetString()!;
            using var page = await client.GetAsync(type, Cancellation);
            page.StatusCode.ShouldBe(HttpStatusCode.OK, type);
            page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
            page.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'none'; style-src 'sha256-");
            var text = WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync(Cancellation));
            text.ShouldContain($"<h1>{problem.Title}</h1>");
            text.ShouldContain(problem.Help.Split('`')[0]);
            list.ShouldContain($"href=\"{type}\"");
        }
        // Whatever a service answers by its status alone leads to one of them.
        for (var status = 400; status < 600; status++)
        {
            using var answer = await client.GetAsync($"/status/{status}", Cancellation);
            var type = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancellation)).RootElement.GetProperty("type").GetString();
            Problem.All.Select(problem => problem.Type).ShouldContain(type, $"{status}");
        }
    }

    [Fact]
    public async Task Problem_ThatNobodyKnows_HasNoPage()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.AddServiceDefaults();
        await using var app = builder.Build();
        app.UseServiceDefaults();
        await app.StartAsync(Cancellation);
        using var answer = await app.GetTestClient().GetAsync("/problems/%3Cscript%3E", Cancellation);
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }
}
