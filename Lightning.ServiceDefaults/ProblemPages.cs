using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lightning.ServiceDefaults;

/// <summary>The pages of the problem types: what each means and how to fix it.</summary>
static class ProblemPages
{
    public static void MapProblemPages(this IEndpointRouteBuilder app)
    {
        app.MapGet("/problems", ListAsync).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/problems/{slug}", ShowAsync).AllowAnonymous().ExcludeFromDescription();
    }

    static Task ListAsync(HttpContext context)
    {
        var html = new HtmlContentBuilder().AppendHtml("<dl>");
        foreach (var problem in Problem.All.OrderBy(problem => problem.Slug, StringComparer.Ordinal))
            html.AppendFormat(
                "<dt><a href=\"{0}\">{1}</a></dt><dd>{2}</dd>",
                problem.Type,
                problem.Slug,
                Text(problem.Title)
            );
        return StandalonePage.WriteAsync(context, StatusCodes.Status200OK, "Problems", html.AppendHtml("</dl>"));
    }

    static Task ShowAsync(HttpContext context, string slug)
    {
        if (Problem.Find(slug) is not { } problem)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
        return StandalonePage.WriteAsync(
            context,
            StatusCodes.Status200OK,
            problem.Title,
            new HtmlContentBuilder().AppendFormat(
                "<p>{0}</p><p class=\"soft\"><small><code>{1}</code>, HTTP status {2}. "
                    + "<a href=\"/problems\">All problems</a></small></p>",
                Text(problem.Help),
                problem.Type,
                problem.Status
            )
        );
    }

    /// <summary>Encodes text as HTML, with the parts between backticks as code.</summary>
    static HtmlString Text(string text) =>
        new(
            string.Concat(
                text.Split('`')
                    .Select(
                        (part, index) =>
                            index % 2 == 0 ? WebUtility.HtmlEncode(part) : $"<code>{WebUtility.HtmlEncode(part)}</code>"
                    )
            )
        );
}
