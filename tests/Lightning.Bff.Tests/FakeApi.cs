using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Lightning.Bff.Tests;

/// <summary>The service behind the proxy. It records requests.</summary>
public sealed class FakeApi : IAsyncDisposable
{
    readonly WebApplication app;

    FakeApi(WebApplication app) => this.app = app;

    public string Address => app.Urls.First();

    public ConcurrentQueue<Received> Requests { get; } = new();

    /// <summary>Its response.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => context.Response.WriteAsync("from the API");

    public static async Task<FakeApi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var api = new FakeApi(app);
        app.UseWebSockets();
        app.Run(context =>
        {
            var headers = context.Request.Headers.ToDictionary(
                header => header.Key,
                header => header.Value.ToString(),
                StringComparer.OrdinalIgnoreCase
            );
            api.Requests.Enqueue(
                new Received(
                    context.Request.Method,
                    context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget,
                    headers
                )
            );
            return api.Answer(context);
        });
        await app.StartAsync();
        return api;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

public sealed record Received(string Method, string Target, IReadOnlyDictionary<string, string> Headers);
