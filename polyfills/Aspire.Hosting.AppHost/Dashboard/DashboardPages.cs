using System.Globalization;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard.Pages;
using Aspire.Hosting.Dashboard.Telemetry;
using Aspire.Hosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting.Dashboard;

/// <summary>The pages, each for who may look, and each alive when it is asked for as a stream of events.</summary>
sealed class DashboardPages(IServiceProvider services, string application, TelemetryStore telemetry, BrowserAccess access)
{
    const string Policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    readonly ResourceNotificationService _notifications = services.GetRequiredService<ResourceNotificationService>();
    readonly ResourceCommandService _commands = services.GetRequiredService<ResourceCommandService>();
    readonly ResourceLoggerService _logs = services.GetRequiredService<ResourceLoggerService>();
    readonly Secrets _secrets = new(services.GetRequiredService<DistributedApplicationModel>());
    readonly TimeProvider _clock = services.GetRequiredService<TimeProvider>();

    public void Map(WebApplication web)
    {
        web.Use(GuardAsync);
        web.MapGet("/dashboard.css", () => Asset("dashboard.css", "text/css; charset=utf-8"));
        web.MapGet("/dashboard.js", () => Asset("dashboard.js", "text/javascript; charset=utf-8"));
        web.MapGet("/login", context => LogInAsync(context));
        MapView(web, "/", _ => List());
        MapView(web, "/resources/{id}", request => new ResourceView(_notifications, List(), _secrets, (string)request.RouteValues["id"]!));
        MapView(web, "/console", request => new ConsoleView(_notifications, _logs, request.Query["resource"], Text(request, "text")));
        MapView(web, "/logs", request => new LogsView(telemetry, Resources(), new(
            Text(request, "resource"), Text(request, "level"), Text(request, "text"), Text(request, "trace"),
            long.TryParse(request.Query["before"], CultureInfo.InvariantCulture, out var before) ? before : long.MaxValue)));
        MapView(web, "/traces", request => new TracesView(telemetry, Resources(), new(Text(request, "resource"), Text(request, "kind"), Text(request, "text"))));
        MapView(web, "/traces/{id}", request => new TraceView(telemetry, (string)request.RouteValues["id"]!));
        MapView(web, "/metrics", request => new MetricsView(telemetry, Resources(), Text(request, "resource"), Text(request, "minutes"), Text(request, "text"), _clock));
        web.MapGet("/console/download", DownloadAsync);
        web.MapPost("/resources/{id}/commands", CommandAsync);
    }

    // In this order: who asks by another name than a loopback one is a page of somebody else's (DNS rebinding); what changes something comes
    // from a page of this origin, for the cookie goes to every port of this host; and nobody looks without the link.
    async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "same-origin";
        response.Headers.CacheControl = "no-store";
        response.StatusCode = 0 switch
        {
            _ when request.Host.Host is not ("localhost" or "127.0.0.1" or "[::1]") => StatusCodes.Status400BadRequest,
            _ when !HttpMethods.IsGet(request.Method) && request.Headers.Origin != $"http://{request.Host}" => StatusCodes.Status403Forbidden,
            _ when request.Path.Value is not ("/login" or "/dashboard.css" or "/dashboard.js") && !access.IsKnown(request) => StatusCodes.Status401Unauthorized,
            _ => StatusCodes.Status200OK
        };
        if (response.StatusCode == StatusCodes.Status200OK) await next(context);
        else if (response.StatusCode == StatusCodes.Status401Unauthorized) await WriteAsync(context, Layout.Refusal(application));
    }

    void MapView(WebApplication web, string pattern, Func<HttpRequest, IView> view) => web.MapGet(pattern, (RequestDelegate)(context =>
        context.Request.Headers.Accept == "text/event-stream"
            ? new LiveStream(view(context.Request), _clock).SendAsync(context)
            : WriteAsync(context, Layout.Page(application, view(context.Request)))));

    async Task LogInAsync(HttpContext context)
    {
        // The link may have been used by this very browser.
        if (access.LetIn(context) || access.IsKnown(context.Request))
        {
            context.Response.Redirect("/");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        await WriteAsync(context, Layout.Refusal(application));
    }

    async Task CommandAsync(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        // What was begun is ended, whether or not the browser still waits for it.
        await _commands.ExecuteCommandAsync(id, form["command"].ToString(), CancellationToken.None);
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = $"/resources/{Uri.EscapeDataString(id)}";
    }

    Task DownloadAsync(HttpContext context)
    {
        var id = Text(context.Request, "resource");
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{string.Concat(id.Where(character => char.IsAsciiLetterOrDigit(character) || character == '-'))}.log\"";
        return context.Response.WriteAsync(ConsoleView.Download(_logs, id), context.RequestAborted);
    }

    ResourcesView List() => new(_notifications, _commands);

    IReadOnlyList<string> Resources() => [.. _notifications.All().Where(change => change.Resource is ProjectResource).Select(change => change.ResourceId)];

    static string Text(HttpRequest request, string name) => request.Query[name].ToString().Trim();

    static IResult Asset(string name, string contentType) =>
        Results.Stream(typeof(DashboardPages).Assembly.GetManifestResourceStream(name)!, contentType);

    static Task WriteAsync(HttpContext context, Html page)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(page.ToString(), Encoding.UTF8, context.RequestAborted);
    }
}
