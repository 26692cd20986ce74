using Lightning.Sessions.Cookies.Streams;

namespace Lightning.Bff;

/// <summary>A stream without events that ends with the session, so that an open page reacts at once.</summary>
static class SessionWatch
{
    public const string Path = "/bff/watch";

    /// <summary>Shorter than the idle timeout of common proxies.</summary>
    static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(25);

    public static void MapSessionWatch(this IEndpointRouteBuilder app) =>
        app.MapGet(Path, WatchAsync)
            .WithName("WatchSession")
            .WithSummary("Stays open until the session ends, without extending it.")
            .RequireAuthorization();

    static async Task WatchAsync(
        HttpContext context,
        SessionStreams streams,
        IHostApplicationLifetime lifetime,
        TimeProvider clock
    )
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        using var stream = await streams.OpenAsync(context);
        // Also ends at shutdown, which must not wait for open pages: they reconnect to another replica.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted,
            lifetime.ApplicationStopping
        );
        while (!stop.IsCancellationRequested)
        {
            await context.Response.WriteAsync(":\n\n", CancellationToken.None);
            await context.Response.Body.FlushAsync(CancellationToken.None);
            await Task.Delay(HeartbeatInterval, clock, stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
