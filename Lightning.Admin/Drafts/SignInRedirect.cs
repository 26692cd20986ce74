using Lightning.Admin.Engine.Drafts;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.Extensions;

namespace Lightning.Admin.Drafts;

/// <summary>
/// Sends a browser that posted a form to sign in, and back to the form's page with what was entered. The form is not
/// executed: the user presses its button again.
/// </summary>
static class SignInRedirect
{
    /// <summary>The longest URL to return to; the provider's limit is higher.</summary>
    const int MaxUrl = 1500;

    /// <summary>Parameters of the page that only its POST handlers understand.</summary>
    static readonly string[] PostOnly = ["handler", "then", FormDrafts.Parameter];

    /// <summary>Whether a browser posted a form of this site and waits for a page.</summary>
    public static bool IsFormOfThisSite(HttpRequest request) =>
        HttpMethods.IsPost(request.Method)
        && request.HasFormContentType
        && request.PrefersHtml()
        && request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin"
        && request.Headers["Sec-Fetch-Mode"].ToString() is "" or "navigate";

    /// <summary>Keeps the form if its page can show it again, and redirects to sign-in.</summary>
    /// <param name="context">The form's request.</param>
    /// <param name="prompt">The sign-in's <c>prompt</c> parameter; null for none.</param>
    public static async Task WriteAsync(HttpContext context, string? prompt)
    {
        var request = context.Request;
        var query = request.Query.Where(part => !PostOnly.Contains(part.Key, StringComparer.OrdinalIgnoreCase));
        var url = QueryString.Create(query);
        if (context.GetEndpoint()?.Metadata.GetMetadata<KeepsFormAttribute>() is not null)
        {
            var drafts = context.RequestServices.GetRequiredService<FormDrafts>();
            url = url.Add(FormDrafts.Parameter, await drafts.KeepAsync(context));
        }
        var page = UriHelper.BuildRelative(request.PathBase, request.Path, url);
        if (page.Length > MaxUrl)
            page = UriHelper.BuildRelative(request.PathBase, request.Path);
        var parameters = new QueryBuilder();
        if (prompt is not null)
            parameters.Add("prompt", prompt);
        parameters.Add("returnUrl", page);
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Location = UriHelper.BuildRelative(
            request.PathBase,
            "/login",
            parameters.ToQueryString()
        );
    }
}
