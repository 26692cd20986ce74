using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.StaticFiles;
using Yarp.ReverseProxy.Transforms;

namespace Lightning.Bff;

/// <summary>
/// The single-page application, on the same origin as its back end: the built files of <c>wwwroot</c>, or in Development the Vite server at
/// <c>services:web:http:0</c>.
/// </summary>
static class FrontEnd
{
    /// <summary>Whatever is neither the BFF's nor the API's nor a probe's.</summary>
    const string Elsewhere = "regex(^(?!(api|bff|health)(/|$)).*$)";

    public static void AddFrontEnd(this WebApplicationBuilder builder)
    {
        builder.Services.AddHttpForwarder();
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
        if (DevelopmentServer(app.Environment, app.Configuration) is { } server)
        {
            // The development server runs other people's code; nothing of the session is its business.
            app.MapForwarder($"/{{**path:{Elsewhere}}}", server, transforms => transforms.AddRequestHeaderRemove("Cookie").AddRequestHeaderRemove("Authorization"))
                .AllowAnonymous();
            return;
        }
        app.MapFallbackToFile($"{{*path:nonfile:{Elsewhere}}}", "index.html", new StaticFileOptions { OnPrepareResponse = SetCaching }).AllowAnonymous();
    }

    static string? DevelopmentServer(IHostEnvironment environment, IConfiguration configuration) =>
        environment.IsDevelopment() && configuration["services:web:http:0"] is { Length: > 0 } address ? address : null;

    /// <summary>Vite names what it builds by its content, so those files never change; the page that names them is asked for anew.</summary>
    static void SetCaching(StaticFileResponseContext file) =>
        file.Context.Response.Headers.CacheControl =
            file.Context.Request.Path.StartsWithSegments("/assets") ? "public, max-age=31536000, immutable" : "no-cache";
}
