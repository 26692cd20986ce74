using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ViewFeatures;

namespace Lightning.Identity.Web;

/// <summary>An error that is shown as a page.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">What happened.</param>
/// <param name="Text">What the user can do.</param>
/// <param name="Detail">A message for the client's developer; null for none.</param>
/// <param name="Home">Where the "Continue" button leads; null for no button.</param>
sealed record PageError(int Status, string Title, string Text, string? Detail = null, string? Home = null);

static class PageErrors
{
    /// <summary>A client's invalid request that cannot be answered at its redirect URI.</summary>
    public static PageError InvalidRequest(string detail) =>
        new(
            StatusCodes.Status400BadRequest,
            "That link does not work",
            "The app that sent you here made a request that this sign-in service cannot handle. Go back to the app "
                + "and try again.",
            detail
        );

    /// <summary>
    /// An authorization request that has expired, was used before, or was started in another browser.
    /// </summary>
    /// <param name="start">Where the user begins to sign in to the app; null if unknown.</param>
    /// <param name="isSignedIn">Whether the user is signed in here, so that starting again needs no input.</param>
    public static PageError RequestExpired(string? start, bool isSignedIn = false) =>
        isSignedIn && start is not null
            ? new(
                StatusCodes.Status400BadRequest,
                "You are signed in",
                "The app's request was already answered, took too long, or was started in another browser. Continue "
                    + "to open the app.",
                Home: start
            )
            : new(
                StatusCodes.Status400BadRequest,
                "This sign-in has expired",
                "It was already completed, took too long, or was started in another browser. "
                    + (start is null ? "Start again from the app." : "Continue to start again."),
                Home: start
            );

    public static PageError ForStatus(int status) =>
        status switch
        {
            StatusCodes.Status404NotFound => new(
                status,
                "Page not found",
                "Check the address, or go back to where you came from."
            ),
            StatusCodes.Status429TooManyRequests => new(status, "Too many attempts", "Wait a minute, then try again."),
            StatusCodes.Status503ServiceUnavailable => new(
                status,
                "Busy right now",
                "Nothing was changed. Try again in a few seconds."
            ),
            StatusCodes.Status400BadRequest => new(
                status,
                "This page has expired",
                "Go back, reload the page and try again."
            ),
            _ => new(status, "Something went wrong", "Try again. If it happens again, contact support."),
        };
}

/// <summary>Renders an error page from a minimal API endpoint.</summary>
sealed class ErrorPageResult(PageError error) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers.CacheControl = "no-store";
        var services = httpContext.RequestServices;
        var view = new ViewResult
        {
            ViewName = "/Pages/Error.cshtml",
            StatusCode = error.Status,
            ViewData = new ViewDataDictionary<PageError>(
                services.GetRequiredService<IModelMetadataProvider>(),
                new ModelStateDictionary()
            )
            {
                Model = error,
            },
        };
        return services
            .GetRequiredService<IActionResultExecutor<ViewResult>>()
            .ExecuteAsync(new ActionContext(httpContext, httpContext.GetRouteData(), new ActionDescriptor()), view);
    }
}

/// <summary>Renders an error page from a Razor Page.</summary>
sealed class ErrorPageActionResult(PageError error) : IActionResult
{
    public Task ExecuteResultAsync(ActionContext context) =>
        new ErrorPageResult(error).ExecuteAsync(context.HttpContext);
}

/// <summary>Renders errors as pages for browsers; other clients get problem details.</summary>
sealed class ErrorPageWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => context.HttpContext.Request.PrefersHtml();

    public ValueTask WriteAsync(ProblemDetailsContext context) =>
        new(
            new ErrorPageResult(PageErrors.ForStatus(context.HttpContext.Response.StatusCode)).ExecuteAsync(
                context.HttpContext
            )
        );
}
