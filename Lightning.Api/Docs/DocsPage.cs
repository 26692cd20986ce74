using System.ComponentModel.DataAnnotations;
using System.Text.Encodings.Web;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;
using Scalar.AspNetCore;

namespace Lightning.Api.Docs;

/// <summary>The configuration section <c>Api:Docs</c>.</summary>
sealed record DocsOptions
{
    /// <summary>Whether the page is available. Null, the default, means in Development only.</summary>
    public bool? Show { get; init; }

    /// <summary>
    /// The public client that the page signs in with. At the provider, its redirect URIs must include this API's
    /// <c>/docs/callback.html</c>, and its origins this API's origin.
    /// </summary>
    [Required(
        ErrorMessage = "Api:Docs:ClientId is empty: set it to the public client that the API reference signs in with, "
            + "such as lightning-public."
    )]
    public string ClientId { get; init; } = "lightning-public";
}

/// <summary>
/// The API reference at <c>/docs</c>: Scalar, with sign-in by authorization code and PKCE. It loads nothing from other
/// origins and stores no token.
/// </summary>
static class DocsPage
{
    public static void AddDocsPage(this IServiceCollection services) =>
        services.AddOptions<DocsOptions>().BindConfiguration("Api:Docs").ValidateAnnotations();

    public static void MapDocsPage(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<DocsOptions>>().Value;
        if (!(options.Show ?? app.Environment.IsDevelopment()))
            return;
        var authority = app.Services.GetRequiredService<IOptions<AccessTokenOptions>>().Value.Authority.TrimEnd('/');
        var docs = app.MapGroup("/docs").AllowAnonymous().ExcludeFromDescription();
        docs.AddEndpointFilter(
            (context, next) =>
            {
                var http = context.HttpContext;
                SetPolicy(http, authority, scripts: "'self'", styles: "'self'");
                // Scalar's route has an optional document name, but there is only one document.
                return http.GetRouteValue("documentName") is null ? next(context) : new(TypedResults.NotFound());
            }
        );
        docs.MapScalarApiReference(
            "",
            (page, context) =>
            {
                Configure(page, authority, options.ClientId);
                page.Nonce = context.CspNonce();
                // Inline styles: Scalar's code viewer (CodeMirror) and its toasts add style elements without a nonce.
                SetPolicy(context, authority, scripts: $"'nonce-{page.Nonce}'", styles: "'self' 'unsafe-inline'");
            }
        );
        foreach (var file in Files)
            docs.MapGet(file.Name, () => TypedResults.Stream(file.CreateReadStream(), ContentTypeOf(file)));
    }

    /// <summary>The embedded files of the folder <c>Page</c>.</summary>
    static IDirectoryContents Files =>
        new EmbeddedFileProvider(typeof(DocsPage).Assembly, "Lightning.Api.Docs.Page").GetDirectoryContents("");

    static string ContentTypeOf(IFileInfo file) =>
        new FileExtensionContentTypeProvider().Mappings[Path.GetExtension(file.Name)];

    static void SetPolicy(HttpContext context, string authority, string scripts, string styles) =>
        context.Response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src {scripts}; style-src {styles}; img-src 'self' data:; "
            + $"connect-src 'self' {new Uri(authority).GetLeftPart(UriPartial.Authority)}; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

    static void Configure(ScalarOptions page, string authority, string clientId)
    {
        page.Title = "Lightning API";
        page.Favicon = "icon.svg";
        page.DefaultOpenAllTags = true;
        // docs.js adds the provider's endpoints and the URL of this API.
        page.JavaScriptConfiguration = "docs/docs.js";
        page.HeadContent = $"""
            <meta name="authority" content="{HtmlEncoder.Default.Encode(authority)}">
            <meta name="client-id" content="{HtmlEncoder.Default.Encode(clientId)}">
            <link rel="icon" href="{page.Favicon}">
            <link rel="stylesheet" href="tokens.css">
            <link rel="stylesheet" href="docs.css">
            """;
        // docs.css has the theme, which follows the system's color scheme.
        page.Theme = ScalarTheme.None;
        page.DefaultFonts = false;
        page.HideDarkModeToggle = true;
        // Disables everything that calls Scalar's own services.
        page.Agent = new ScalarAgentOptions { Disabled = true };
        page.Mcp = new ScalarMcpOptions { Disabled = true };
        page.HideClientButton = true;
        page.ShowDeveloperTools = DeveloperToolsVisibility.Never;
        page.Telemetry = false;
    }
}
