using Lightning.Bff.Proxy;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.AspNetCore.StaticFiles;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Lightning.Bff;

/// <summary>
/// The single-page application, on the same origin as its back end: the built files of <c>wwwroot</c>, or in Development the Vite server at
/// <c>services:web:http:0</c>.
/// </summary>
static class FrontEnd
{
    /// <summary>As the built files are served.</summary>
    static readonly HttpMethodMetadata ReadOnly = new([HttpMethods.Get, HttpMethods.Head]);

    public static void AddFrontEnd(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton<MatcherPolicy, FrontEndPaths>();
        var developing = DevelopmentServer(builder.Environment, builder.Configuration) is not null;
        builder.Services.Configure<ContentSecurityPolicy>(policy =>
        {
            policy["script-src"] = "'self'";
            // Vite puts styles into the page and keeps a socket open to say what has changed.
            policy["style-src"] = developing ? "'self' 'unsafe-inline'" : "'self'";
            policy["connect-src"] = developing ? "'self' ws:" : "'self'";
        });
    }

    public static void UseFrontEndFiles(this WebApplication app)
    {
        if (DevelopmentServer(app.Environment, app.Configuration) is null) app.UseStaticFiles(new StaticFileOptions { OnPrepareResponse = SetCaching });
    }

    public static void MapFrontEnd(this WebApplication app)
    {
        var pages = DevelopmentServer(app.Environment, app.Configuration) is { } server
            ? app.MapForwarder("/{**path}", server, WithoutCredentials).WithMetadata(ReadOnly).ReportsUnanswered(app.Services)
            : app.MapFallbackToFile("/{*path:nonfile}", "index.html", new StaticFileOptions { OnPrepareResponse = SetCaching });
        pages.AllowAnonymous().WithMetadata(FrontEndPaths.Page);
    }

    /// <summary>Also logs what the development server does not answer.</summary>
    static IEndpointConventionBuilder ReportsUnanswered(this IEndpointConventionBuilder pages, IServiceProvider services)
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

    /// <summary>The development server runs other people's code; nothing of the session is its business.</summary>
    static void WithoutCredentials(TransformBuilderContext transforms) => transforms.AddRequestHeaderRemove("Cookie").AddRequestHeaderRemove("Authorization");

    static string? DevelopmentServer(IHostEnvironment environment, IConfiguration configuration) =>
        environment.IsDevelopment() && configuration["services:web:http:0"] is { Length: > 0 } address ? address : null;

    /// <summary>Vite names what it builds by its content, so those files never change; the page that names them is asked for anew.</summary>
    static void SetCaching(StaticFileResponseContext file) =>
        file.Context.Response.Headers.CacheControl =
            file.Context.Request.Path.StartsWithSegments("/assets") ? "public, max-age=31536000, immutable" : "no-cache";
}

/// <summary>
/// Keeps the front end from what is the BFF's, the API's or a probe's. Not a constraint of its route: the route's text is
/// <c>http.route</c> and the name of every span.
/// </summary>
sealed class FrontEndPaths : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>Marks the front end's endpoint.</summary>
    public static readonly object Page = new FrontEndPage();

    static readonly PathString[] Others = ["/api", "/bff", "/health"];

    /// <inheritdoc/>
    public override int Order => 0;

    /// <inheritdoc/>
    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(IsPage);

    /// <inheritdoc/>
    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        var path = httpContext.Request.Path;
        if (!Array.Exists(Others, other => path.StartsWithSegments(other))) return Task.CompletedTask;
        for (var i = 0; i < candidates.Count; i++)
            if (candidates.IsValidCandidate(i) && IsPage(candidates[i].Endpoint)) candidates.SetValidity(i, false);
        return Task.CompletedTask;
    }

    static bool IsPage(Endpoint endpoint) => endpoint.Metadata.GetMetadata<FrontEndPage>() is not null;

    sealed class FrontEndPage;
}
