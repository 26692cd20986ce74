using Lightning.Sessions.Streams;

namespace Lightning.Bff;

/// <summary>A stream that says nothing and ends with the session, so that an open page learns of it at once.</summary>
static class SessionWatch
{
    public const string Path = "/bff/watch";

    /// <summary>Shorter than what proxies in between take for an idle connection.</summary>
    static readonly TimeSpan Pulse = TimeSpan.FromSeconds(25);

    public static void MapSessionWatch(this IEndpointRouteBuilder app) =>
        app.MapGet(Path, WatchAsync).WithName("WatchSession").WithSummary("Stays open until the session ends, without prolonging it.").RequireAuthorization();

    static async Task WatchAsync(HttpContext context, SessionStreams streams, IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        using var stream = await streams.OpenAsync(context);
        // A replica that is being replaced is waited for by nobody: the page asks another.
        using var until = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        while (!until.IsCancellationRequested)
        {
            await context.Response.WriteAsync(":\n\n", CancellationToken.None);
            await context.Response.Body.FlushAsync(CancellationToken.None);
            await Task.Delay(Pulse, clock, until.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
