using System.ComponentModel.DataAnnotations;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Gate;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;

namespace Lightning.Api.Docs;

/// <summary>The section <c>Api:Docs</c>.</summary>
sealed record DocsOptions
{
    /// <summary>Whether the page is there; not set: in Development only.</summary>
    public bool? Show { get; init; }

    /// <summary>The public client as which people sign in on it. At the provider it has this page's <c>/docs/oauth2-redirect.html</c> among its redirect URIs, and its origin among its origins.</summary>
    [Required(ErrorMessage = "Api:Docs:ClientId is empty: give the public client as which people sign in on the API's page, such as lightning-public.")]
    public string ClientId { get; init; } = "lightning-public";
}

/// <summary>
/// A page at <c>/docs</c> that shows the API's document, where one signs in by code + PKCE and tries each operation as oneself. Swagger UI, with a start page of our own:
/// nothing inline, nothing from elsewhere, no token kept.
/// </summary>
static class DocsPage
{
    const string Path = "/docs";

    public static void AddDocsPage(this IServiceCollection services) => services.AddOptions<DocsOptions>().BindConfiguration("Api:Docs").ValidateAnnotations();

    public static void UseDocsPage(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<DocsOptions>>().Value;
        if (!(options.Show ?? app.Environment.IsDevelopment())) return;
        var provider = new Uri(app.Services.GetRequiredService<IOptions<AccessTokenOptions>>().Value.Authority).GetLeftPart(UriPartial.Authority);
        var policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            + $"connect-src 'self' {provider}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
        app.UseWhen(context => context.Request.Path.StartsWithSegments(Path, StringComparison.Ordinal), docs =>
        {
            docs.Use((context, next) =>
            {
                context.Response.Headers.ContentSecurityPolicy = policy;
                if (context.Request.Path != $"{Path}/settings.json") return next(context);
                context.Response.Headers.CacheControl = "no-store";
                return context.Response.WriteAsJsonAsync(new { clientId = options.ClientId }, context.RequestAborted);
            });
            // First of all our own files, in the place of those of the same name that come with Swagger UI.
            docs.UseStaticFiles(new StaticFileOptions
            {
                RequestPath = Path,
                FileProvider = new EmbeddedFileProvider(typeof(DocsPage).Assembly, $"{typeof(DocsPage).Namespace}.Page"),
            });
            docs.UseSwaggerUI(page => page.RoutePrefix = Path[1..]);
        });
    }
}
