using System.Diagnostics;
using System.Text.Encodings.Web;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.RelyingParties;

/// <summary>The few words a person may see between the provider and the application: plain pages, without script or style.</summary>
static class SignInPages
{
    /// <summary>
    /// Lands the browser by a page of this site that leads on by itself: a Strict cookie is not sent along a chain of redirects that began on
    /// another site, and is sent after this (RFC 10017, 6.1.3.2).
    /// </summary>
    public static Task WriteLandingAsync(HttpContext context, string local)
    {
        context.Response.Headers["Refresh"] = $"0;url={local}";
        return WriteAsync(context, StatusCodes.Status200OK, "Signed in", "You are signed in.", local, "Go on");
    }

    public static Task WriteProviderAwayAsync(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "5";
        return WriteProblemAsync(context, Problem.ProviderUnavailable, "Signing in is not possible right now. Nothing was changed; try again in a few seconds.");
    }

    public static Task WriteProblemAsync(HttpContext context, Problem problem, string detail) =>
        context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? WriteAsync(context, problem.Status, $"{problem.Title}.", detail, context.RequestServices.GetRequiredService<RelyingParty>().LoginPath, "Try again")
            : problem.WriteAsync(context, detail);

    static Task WriteAsync(HttpContext context, int status, string title, string text, string href, string link)
    {
        var html = HtmlEncoder.Default;
        var trace = status == StatusCodes.Status200OK ? "" : $"<p><small>Trace {html.Encode(Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier)}</small></p>";
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync($"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{html.Encode(title)}</title></head>
            <body><main><h1>{html.Encode(title)}</h1><p>{html.Encode(text)}</p><p><a href="{html.Encode(href)}">{html.Encode(link)}</a></p>{trace}</main></body>
            </html>
            """, context.RequestAborted);
    }
}
