using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lightning.ServiceDefaults;

/// <summary>The files that browsers and crawlers ask every site for.</summary>
public static class SiteFiles
{
    /// <summary>
    /// Maps <c>/favicon.ico</c> and <c>/robots.txt</c>, which keeps the site out of search engines. The front end has
    /// files of its own.
    /// </summary>
    public static void MapSiteFiles(this IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapGet("/favicon.ico", (HttpContext context) => Icon(context)).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/robots.txt", () => TypedResults.Text("User-agent: *\nDisallow: /\n"))
            .AllowAnonymous()
            .ExcludeFromDescription();
    }

    static FileStreamHttpResult Icon(HttpContext context)
    {
        context.Response.Headers.CacheControl = "public, max-age=86400";
        return TypedResults.Stream(
            typeof(SiteFiles).Assembly.GetManifestResourceStream("favicon.ico")!,
            "image/x-icon"
        );
    }
}
