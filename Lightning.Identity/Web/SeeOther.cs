using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Web;

/// <summary>
/// A 303 redirect, which no browser answers by repeating the form post (RFC 9700, 4.12). Unlike the framework's
/// redirects it does not log the URL, which can contain a code.
/// </summary>
sealed class SeeOther(string location) : IActionResult, IResult
{
    /// <summary>The URL.</summary>
    public string Location => location;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = location;
        return Task.CompletedTask;
    }

    public Task ExecuteResultAsync(ActionContext context) => ExecuteAsync(context.HttpContext);
}
