using System.Diagnostics;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Sessions.Cookies.RelyingParties;

/// <summary>The pages between the provider and the application. They work without script.</summary>
static class SignInPages
{
    /// <summary>
    /// Continues from a page of this site instead of a redirect: browsers do not send a Strict cookie in a redirect
    /// chain that started on another site (RFC 10017, 6.1.3.2).
    /// </summary>
    public static Task WriteLandingAsync(HttpContext context, string local)
    {
        context.Response.Headers["Refresh"] = $"0;url={local}";
        context.Response.Headers.CacheControl = "no-store";
        return StandalonePage.WriteAsync(
            context,
            StatusCodes.Status200OK,
            "Signed in",
            new HtmlContentBuilder().AppendFormat(
                "<p>You are signed in.</p><p><a class=\"button button-primary\" href=\"{0}\">Continue</a></p>",
                local
            )
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

    public static Task WriteProblemAsync(HttpContext context, Problem problem, string detail)
    {
        if (!context.Request.PrefersHtml())
            return problem.WriteAsync(context, detail);
        context.Response.Headers.CacheControl = "no-store";
        return StandalonePage.WriteAsync(
            context,
            problem.Status,
            problem.Title,
            new HtmlContentBuilder().AppendFormat(
                "<p>{0}</p><p class=\"row\"><a class=\"button button-primary\" href=\"{1}\">Try again</a>"
                    + "<a class=\"button\" href=\"/\">Home page</a></p>"
                    + "<p class=\"soft\"><small>Reference: {2}</small></p>",
                detail,
                context.RequestServices.GetRequiredService<RelyingParty>().LoginPath,
                Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier
            )
        );
    }
}
