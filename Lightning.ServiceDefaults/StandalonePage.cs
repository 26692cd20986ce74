using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Http;

namespace Lightning.ServiceDefaults;

/// <summary>
/// A page without a layout, such as an error, that every service can write. It has the product's look, in light and
/// dark, and its style is in the page: nothing else needs to load. Its own Content-Security-Policy allows that style
/// and no script.
/// </summary>
public static partial class StandalonePage
{
    /// <summary>The style sheets of the front end, and what only these pages need.</summary>
    static readonly string Style = Minify(
        Resource("tokens.css")
            + Resource("base.css")
            + """
            .page-narrow { max-width: calc(var(--width-read) + 2 * var(--space-4)); }
            code { overflow-wrap: anywhere; }
            dt { margin-top: var(--space-4); }
            dd { margin: 0; }
            """
    );

    static readonly string Policy =
        $"default-src 'none'; style-src "
        + $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; img-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Writes the page as the response.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="title">The title and heading, as text.</param>
    /// <param name="content">What follows the heading.</param>
    public static Task WriteAsync(HttpContext context, int status, string title, IHtmlContent content)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(content);
        using var body = new StringWriter();
        content.WriteTo(body, HtmlEncoder.Default);
        var heading = HtmlEncoder.Default.Encode(title);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = Policy;
        return context.Response.WriteAsync(
            $"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>{heading} · Lightning</title>
            <style>{Style}</style></head>
            <body><main class="page-narrow"><p><span class="brand">Lightning</span></p><h1>{heading}</h1>
            {body}</main></body>
            </html>
            """,
            context.RequestAborted
        );
    }

    static string Resource(string name)
    {
        using var stream = typeof(StandalonePage).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    static string Minify(string css) => Blanks().Replace(Comments().Replace(css, ""), " ").Trim();

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Comments();

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Blanks();
}
