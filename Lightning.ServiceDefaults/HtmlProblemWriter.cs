using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lightning.ServiceDefaults;

/// <summary>Writes problem details as a page for browsers. Other clients get JSON.</summary>
sealed class HtmlProblemWriter(IOptions<ProblemDetailsOptions> options) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => context.HttpContext.Request.PrefersHtml();

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var http = context.HttpContext;
        var details = context.ProblemDetails;
        details.Status ??= http.Response.StatusCode;
        options.Value.CustomizeProblemDetails?.Invoke(context);
        http.Response.Headers.CacheControl = "no-store";
        return new(
            StandalonePage.WriteAsync(
                http,
                details.Status.Value,
                details.Title ?? Problem.FromStatus(details.Status.Value).Title,
                Content(details)
            )
        );
    }

    static HtmlContentBuilder Content(ProblemDetails details)
    {
        var html = new HtmlContentBuilder();
        if (details.Detail is { Length: > 0 } detail)
            html.AppendFormat("<p>{0}</p>", detail);
        if (details is HttpValidationProblemDetails { Errors.Count: > 0 } validation)
        {
            html.AppendHtml("<ul>");
            foreach (var (field, errors) in validation.Errors)
                html.AppendFormat("<li>{0}: {1}</li>", field, string.Join(' ', errors));
            html.AppendHtml("</ul>");
        }
        html.AppendFormat("<p><a href=\"{0}\">What this means</a></p>", details.Type ?? "/problems");
        return (HtmlContentBuilder)
            html.AppendFormat("<p class=\"soft\"><small>Reference: {0}</small></p>", details.Extensions["traceId"]);
    }
}
