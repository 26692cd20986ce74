using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Lightning.ServiceDefaults;

/// <summary>HEAD wherever GET is mapped (RFC 9110, 9.3.2). Routing alone answers 405.</summary>
static class HeadRequests
{
    static readonly object Marker = new();

    /// <summary>
    /// Adds routing, which takes HEAD for GET. Everything after it sees HEAD again; the server sends no body.
    /// </summary>
    public static void UseRoutingWithHead(this WebApplication app)
    {
        app.Use(
            (context, next) =>
            {
                if (HttpMethods.IsHead(context.Request.Method))
                {
                    context.Items[Marker] = Marker;
                    context.Request.Method = HttpMethods.Get;
                }
                return next(context);
            }
        );
        app.UseRouting();
        app.Use(
            (context, next) =>
            {
                if (!context.Items.Remove(Marker))
                    return next(context);
                context.Request.Method = HttpMethods.Head;
                return AnswerAsync(context, next);
            }
        );
    }

    /// <summary>Ends an event stream when its headers are sent: it would never end by itself.</summary>
    static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        var original = context.RequestAborted;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(original);
        context.RequestAborted = stop.Token;
        context.Response.OnStarting(() =>
            context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true
                ? stop.CancelAsync()
                : Task.CompletedTask
        );
        try
        {
            await next(context);
        }
        catch (OperationCanceledException)
            when (stop.IsCancellationRequested && !original.IsCancellationRequested && context.Response.HasStarted)
        {
            // The stream was ended above.
        }
        finally
        {
            context.RequestAborted = original;
        }
    }
}
