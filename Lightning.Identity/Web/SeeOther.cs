using Microsoft.AspNetCore.Mvc;

namespace Lightning.Identity.Web;

/// <summary>303, which no browser answers by posting the form again elsewhere (RFC 9700, 4.12). Unlike the framework's redirects it logs no destination: there are codes in some.</summary>
sealed class SeeOther(string location) : IActionResult, IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = location;
        return Task.CompletedTask;
    }

    public Task ExecuteResultAsync(ActionContext context) => ExecuteAsync(context.HttpContext);
}
