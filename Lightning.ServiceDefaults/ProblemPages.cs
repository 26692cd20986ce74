using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lightning.ServiceDefaults;

/// <summary>The pages of the problem types: what each means and how to fix it.</summary>
static class ProblemPages
{
    const string Style = """
        :root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
        body { margin: 0; padding: 2rem 1rem; } main { max-width: 40rem; margin: 0 auto; }
        h1 { line-height: 1.2; } code { overflow-wrap: anywhere; } dt { margin-top: 1rem; } dd { margin: 0; }
        """;

    static readonly string Policy =
        $"default-src 'none'; style-src "
        + $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; "
        + $"form-action 'none'; frame-ancestors 'none'";

    public static void MapProblemPages(this IEndpointRouteBuilder app)
    {
        app.MapGet(
                "/problems",
                (HttpContext context) =>
                    Page(
                        context,
                        "Problems",
                        "<dl>"
                            + string.Concat(
                                Problem
                                    .All.OrderBy(problem => problem.Slug, StringComparer.Ordinal)
                                    .Select(problem =>
                                        $"<dt><a href=\"{problem.Type}\">{problem.Slug}</a></dt>"
                                        + $"<dd>{Text(problem.Title)}</dd>"
                                    )
                            )
                            + "</dl>"
                    )
            )
            .AllowAnonymous()
            .ExcludeFromDescription();
        app.MapGet(
                "/problems/{slug}",
                IResult (string slug, HttpContext context) =>
                    Problem.Find(slug) is { } problem
                        ? Page(
                            context,
                            problem.Title,
                            $"<p>{Text(problem.Help)}</p><p><small><code>{problem.Type}</code>, HTTP status "
                                + $"{problem.Status}. <a href=\"/problems\">All problems</a></small></p>"
                        )
                        : TypedResults.NotFound()
            )
            .AllowAnonymous()
            .ExcludeFromDescription();
    }

    static IResult Page(HttpContext context, string title, string body)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        return Results.Content(
            $"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{Text(
                title
            )}</title><style>{Style}</style></head>
            <body><main><h1>{Text(title)}</h1>{body}</main></body>
            </html>
            """,
            "text/html; charset=utf-8"
        );
    }

    /// <summary>Encodes text as HTML, with the parts between backticks as code.</summary>
    static string Text(string text) =>
        string.Concat(
            text.Split('`')
                .Select(
                    (part, index) =>
                        index % 2 == 0 ? WebUtility.HtmlEncode(part) : $"<code>{WebUtility.HtmlEncode(part)}</code>"
                )
        );
}
