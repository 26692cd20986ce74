using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;

namespace Lightning.ServiceDefaults.Tests;

/// <summary>Errors are pages for browsers and JSON for programs.</summary>
public class AcceptHeaderTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Paths => ["/missing", "/result", "/written", "/invalid", "/broken", "/post"];

    [Theory]
    [InlineData("text/html", true)]
    [InlineData("text/*", true)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true)]
    [InlineData("application/json;q=0.5, text/html;q=0.6", true)]
    [InlineData("TEXT/HTML", true)]
    [InlineData("", false)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData("application/problem+json, text/html;q=0.9", false)]
    [InlineData("text/html, */*", false)]
    [InlineData("text/html, application/json", false)]
    [InlineData("text/html;q=0", false)]
    [InlineData("text/html;q=0, */*", false)]
    [InlineData("text/html;q=0.5, */*;q=0.8", false)]
    [InlineData("image/png", false)]
    [InlineData("not a media type", false)]
    [InlineData(";;,,q=", false)]
    public void PrefersHtml_compares_qualities(string accept, bool expected)
    {
        var context = new DefaultHttpContext();
        if (accept.Length > 0)
            context.Request.Headers.Accept = accept;

        context.Request.PrefersHtml().ShouldBe(expected);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Problem_is_a_page_with_the_same_content_for_browsers(string path)
    {
        await using var app = await StartAsync();
        using var client = app.GetTestClient();
        using var json = await client.GetAsync(path, Cancellation);
        json.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = JsonDocument.Parse(await json.Content.ReadAsStringAsync(Cancellation)).RootElement;
        client.DefaultRequestHeaders.Add(
            "Accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
        );

        using var page = await client.GetAsync(path, Cancellation);

        page.StatusCode.ShouldBe(json.StatusCode);
        page.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        page.Headers.CacheControl!.NoStore.ShouldBeTrue();
        page.Headers.Vary.ShouldContain("Accept");
        json.Headers.Vary.ShouldContain("Accept");
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldNotContain("unsafe");
        var text = WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync(Cancellation));
        var type = problem.GetProperty("type").GetString()!;
        var title = problem.GetProperty("title").GetString();
        // The framework's own titles are for developers.
        text.ShouldMatch($"<h1>({title}|{Problem.Find(type.Split('/')[^1])!.Title})</h1>");
        text.ShouldContain($"href=\"{type}\"");
        if (problem.TryGetProperty("detail", out var detail))
            text.ShouldContain(detail.GetString()!);
        text.ShouldContain("Reference: ");
        text.ShouldNotContain("secret detail");
    }

    [Fact]
    public async Task Problem_page_encodes_its_text()
    {
        await using var app = await StartAsync();
        using var client = app.GetTestClient();
        client.DefaultRequestHeaders.Add("Accept", "text/html");

        var text = await client.GetStringAsync("/shown", Cancellation);

        text.ShouldNotContain("<script");
        text.ShouldContain("&lt;script&gt;");
    }

    static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.AddServiceDefaults();
        var app = builder.Build();
        app.UseServiceDefaults();
        app.MapGet("/result", () => Problem.Conflict.ToResult("Changed by <b>another</b>."));
        app.MapGet("/written", (HttpContext context) => Problem.Unavailable.WriteAsync(context, "Try again."));
        app.MapGet(
            "/invalid",
            () => TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["title"] = ["Required."] })
        );
        app.MapGet("/broken", string () => throw new InvalidOperationException("secret detail"));
        app.MapPost("/post", () => "");
        app.MapGet(
            "/shown",
            (HttpContext context) =>
                StandalonePage.WriteAsync(
                    context,
                    StatusCodes.Status200OK,
                    "<script>",
                    new Microsoft.AspNetCore.Html.HtmlContentBuilder().Append("<script>")
                )
        );
        await app.StartAsync(Cancellation);
        return app;
    }
}
