using Lightning.Bff.Proxy;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Lightning.Bff;

/// <summary>
/// Serves the single-page application on the BFF's origin: the built files in <c>wwwroot</c>, or in Development the
/// Vite server at <c>services:web:http:0</c>.
/// </summary>
static class FrontEnd
{
    /// <summary>The methods of static files, for the development server too.</summary>
    static readonly HttpMethodMetadata ReadOnly = new([HttpMethods.Get, HttpMethods.Head]);

    public static void AddFrontEnd(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton<MatcherPolicy, FrontEndPaths>();
        var isDevelopment = DevelopmentServer(builder.Environment, builder.Configuration) is not null;
        builder.Services.Configure<ContentSecurityPolicy>(policy =>
        {
            policy["script-src"] = "'self'";
            // Vite injects styles and opens a WebSocket for hot reload.
            policy["style-src"] = isDevelopment ? "'self' 'unsafe-inline'" : "'self'";
            policy["connect-src"] = isDevelopment ? "'self' ws:" : "'self'";
        });
    }

    public static void UseFrontEndFiles(this WebApplication app)
    {
        if (DevelopmentServer(app.Environment, app.Configuration) is null)
            app.UseStaticFiles(new StaticFileOptions { OnPrepareResponse = SetCaching });
    }

    public static void MapFrontEnd(this WebApplication app)
    {
        var pages = DevelopmentServer(app.Environment, app.Configuration) is { } server
            ? app.MapForwarder("/{**path}", server, ConfigureDevelopmentServer)
                .WithMetadata(ReadOnly)
                .ReportsUnanswered(app.Services)
            : app.MapFallbackToFile(
                    "/{*path:nonfile}",
                    "index.html",
                    new StaticFileOptions { OnPrepareResponse = SetCaching }
                )
                .AnswersUnknownPaths(app.Environment.WebRootFileProvider);
        pages.AllowAnonymous().WithMetadata(FrontEndPaths.Page);
    }

    /// <summary>Logs requests that the development server does not answer.</summary>
    static IEndpointConventionBuilder ReportsUnanswered(
        this IEndpointConventionBuilder pages,
        IServiceProvider services
    )
    {
        var unanswered = services.GetRequiredService<UnansweredRequests>();
        pages.Add(endpoint =>
        {
            var forward = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = async context =>
            {
                await forward(context);
                unanswered.Report(context);
            };
        });
        return pages;
    }

    /// <summary>Answers 404 where the front end has no page. Browsers get the front end, which says so.</summary>
    static IEndpointConventionBuilder AnswersUnknownPaths(this IEndpointConventionBuilder pages, IFileProvider files)
    {
        pages.Add(endpoint =>
        {
            var serve = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context =>
                FrontEndRoutes.Contains(context.Request.Path) ? serve(context) : WriteUnknownAsync(context, files);
        });
        return pages;
    }

    static async Task WriteUnknownAsync(HttpContext context, IFileProvider files)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        if (!context.Request.PrefersHtml() || files.GetFileInfo("index.html") is not { Exists: true } page)
            return;
        context.Response.ContentType = "text/html";
        context.Response.Headers.CacheControl = "no-cache";
        await context.Response.SendFileAsync(page, context.RequestAborted);
    }

    /// <summary>
    /// The development server runs third-party code, so it must not get the session. It answers every unknown path with
    /// the front end and 200, where this answers as in production.
    /// </summary>
    static void ConfigureDevelopmentServer(TransformBuilderContext transforms) =>
        transforms
            .AddRequestHeaderRemove("Cookie")
            .AddRequestHeaderRemove("Authorization")
            .AddResponseTransform(transform =>
            {
                var (request, response) = (transform.HttpContext.Request, transform.HttpContext.Response);
                if (
                    transform.ProxyResponse is not { Content.Headers.ContentType.MediaType: "text/html" } answer
                    || request.Path == "/index.html"
                    || FrontEndRoutes.Contains(request.Path)
                )
                    return ValueTask.CompletedTask;
                response.StatusCode = StatusCodes.Status404NotFound;
                response.Headers.ETag = default;
                if (request.PrefersHtml() && !Path.HasExtension(request.Path))
                    return ValueTask.CompletedTask;
                transform.SuppressResponseBody = true;
                foreach (var (name, _) in answer.Headers.Concat(answer.Content.Headers))
                    response.Headers.Remove(name);
                return ValueTask.CompletedTask;
            });

    static string? DevelopmentServer(IHostEnvironment environment, IConfiguration configuration) =>
        environment.IsDevelopment() && configuration["services:web:http:0"] is { Length: > 0 } address ? address : null;

    /// <summary>
    /// Vite puts a content hash in asset names, so assets never change. The page that references them is revalidated.
    /// </summary>
    static void SetCaching(StaticFileResponseContext file) =>
        file.Context.Response.Headers.CacheControl = file.Context.Request.Path.StartsWithSegments("/assets")
            ? "public, max-age=31536000, immutable"
            : "no-cache";
}

/// <summary>
/// Excludes the paths of the BFF, the API and the probes from the front end's catch-all route. Not a route constraint:
/// the route's text is the span name.
/// </summary>
sealed class FrontEndPaths : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>Marks the front end's endpoint.</summary>
    public static readonly object Page = new FrontEndPage();

    static readonly PathString[] ExcludedPaths = ["/api", "/bff", "/health"];

    /// <inheritdoc/>
    public override int Order => 0;

    /// <inheritdoc/>
    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(IsPage);

    /// <inheritdoc/>
    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        var path = httpContext.Request.Path;
        if (!Array.Exists(ExcludedPaths, excluded => path.StartsWithSegments(excluded)))
            return Task.CompletedTask;
        for (var i = 0; i < candidates.Count; i++)
            if (candidates.IsValidCandidate(i) && IsPage(candidates[i].Endpoint))
                candidates.SetValidity(i, false);
        return Task.CompletedTask;
    }

    static bool IsPage(Endpoint endpoint) => endpoint.Metadata.GetMetadata<FrontEndPage>() is not null;

    sealed class FrontEndPage;
}
