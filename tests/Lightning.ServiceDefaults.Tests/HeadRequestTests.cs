using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Lightning.ServiceDefaults.Tests;

/// <summary>HEAD, over a socket: the server leaves the body out.</summary>
public class HeadRequestTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/text", HttpStatusCode.OK)]
    [InlineData("/problems", HttpStatusCode.OK)]
    [InlineData("/health/live", HttpStatusCode.OK)]
    [InlineData("/missing", HttpStatusCode.NotFound)]
    [InlineData("/broken", HttpStatusCode.InternalServerError)]
    [InlineData("/post", HttpStatusCode.MethodNotAllowed)]
    public async Task Head_answers_like_get_without_body(string path, HttpStatusCode expected)
    {
        await using var app = await StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        using var get = await client.GetAsync(path, Cancellation);

        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Cancellation);

        head.StatusCode.ShouldBe(expected);
        get.StatusCode.ShouldBe(expected);
        head.Content.Headers.ContentType.ShouldBe(get.Content.Headers.ContentType);
        (await head.Content.ReadAsByteArrayAsync(Cancellation)).ShouldBeEmpty();
        head.Headers.Select(header => header.Key)
            .Except(["Transfer-Encoding"])
            .Order()
            .ShouldBe(get.Headers.Select(header => header.Key).Except(["Transfer-Encoding"]).Order());
    }

    [Fact]
    public async Task Middleware_and_endpoint_see_head()
    {
        await using var app = await StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/text"), Cancellation);

        head.Headers.GetValues("X-Method").ShouldBe(["HEAD", "HEAD"]);
    }

    [Theory]
    [InlineData("/stream")]
    [InlineData("/waiting-stream")]
    public async Task Stream_ends_after_its_headers(string path)
    {
        var ended = new TaskCompletionSource();
        await using var app = await StartAsync(ended);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Cancellation);

        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
        // The connection can be used again.
        (await client.GetStringAsync("/text", Cancellation)).ShouldBe("text");
    }

    static async Task<WebApplication> StartAsync(TaskCompletionSource? ended = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        var app = builder.Build();
        app.UseServiceDefaults();
        app.Use(
            (context, next) =>
            {
                context.Response.Headers.Append("X-Method", context.Request.Method);
                return next(context);
            }
        );
        app.MapGet(
            "/text",
            (HttpContext context) =>
            {
                context.Response.Headers.Append("X-Method", context.Request.Method);
                return "text";
            }
        );
        app.MapGet("/broken", string () => throw new InvalidOperationException("secret detail"));
        app.MapPost("/post", () => "");
        app.MapGet(
            "/stream",
            async (HttpContext context) =>
            {
                context.Response.ContentType = "text/event-stream";
                while (!context.RequestAborted.IsCancellationRequested)
                    await context.Response.WriteAsync("data: tick\n\n", CancellationToken.None);
                ended!.SetResult();
            }
        );
        app.MapGet(
            "/waiting-stream",
            async (HttpContext context) =>
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.Body.FlushAsync(CancellationToken.None);
                try
                {
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                }
                finally
                {
                    ended!.SetResult();
                }
            }
        );
        await app.StartAsync(Cancellation);
        return app;
    }
}
