using System.Diagnostics;
using System.Text.Encodings.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>The pages between the provider and the application: plain HTML without script or style.</summary>
static class SignInPages
{
    /// <summary>
    /// Continues from a page of this site instead of a redirect: browsers do not send a Strict cookie in a redirect
    /// chain that started on another site (RFC 10017, 6.1.3.2).
    /// </summary>
    public static Task WriteLandingAsync(HttpContext context, string local)
    {
        context.Response.Headers["Refresh"] = $"0;url={local}";
        return WriteAsync(
            context,
            StatusCodes.Status200OK,
            new("Signed in", "You are signed in.", new(local, "Continue"))
        );
    }

    public static Task WriteProviderUnavailableAsync(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "5";
        return WriteProblemAsync(
            context,
            Problem.ProviderUnavailable,
            "Sign-in is not available right now. Nothing was changed. Try again in a few seconds."
        );
    }

    public static Task WriteProblemAsync(HttpContext context, Problem problem, string detail) =>
        context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? WriteAsync(
                context,
                problem.Status,
                new(
                    problem.Title,
                    detail,
                    new(context.RequestServices.GetRequiredService<RelyingParty>().LoginPath, "Try again")
                )
            )
            : problem.WriteAsync(context, detail);

    static Task WriteAsync(HttpContext context, int status, Page page)
    {
        var html = HtmlEncoder.Default;
        var title = html.Encode(page.Title);
        var text = html.Encode(page.Text);
        var href = html.Encode(page.Link.Href);
        var link = html.Encode(page.Link.Text);
        var traceId = html.Encode(Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier);
        var trace = status == StatusCodes.Status200OK ? "" : $"<p><small>Reference: {traceId}</small></p>";
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(
            $"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
            <body><main><h1>{title}</h1><p>{text}</p><p><a href="{href}">{link}</a></p>{trace}</main></body>
            </html>
            """,
            context.RequestAborted
        );
    }

    sealed record Page(string Title, string Text, Link Link);

    sealed record Link(string Href, string Text);
}
