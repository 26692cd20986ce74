using Lightning.Identity.Clients;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ViewFeatures;

namespace Lightning.Identity.Web;

/// <summary>What a person reads when something is wrong.</summary>
/// <param name="Status">The answer's status.</param>
/// <param name="Title">What happened.</param>
/// <param name="Text">What to do.</param>
/// <param name="Detail">What the developer of a client needs to know.</param>
/// <param name="Home">Where to go on, where there is such a place.</param>
sealed record Fault(int Status, string Title, string Text, string? Detail = null, string? Home = null);

static class Faults
{
    /// <summary>A request that a client got wrong, and that cannot be answered at its redirect URI.</summary>
    public static Fault Unreadable(string detail) =>
        new(StatusCodes.Status400BadRequest, "That link does not work", "The app that sent you here asked for something this sign-in service cannot do. Go back to the app and try again.", detail);

    /// <summary>A request that waited too long, was finished before, or began in another browser.</summary>
    public static Fault RequestIsOver(Client? client) =>
        new(StatusCodes.Status400BadRequest, "This sign-in is over", "It was finished before, waited too long, or began in another browser. Go on from the app.", Home: client?.Home);

    public static Fault OfStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => new(status, "There is no such page", "Check the address, or go back to where you came from."),
        StatusCodes.Status429TooManyRequests => new(status, "Too many attempts", "Wait a minute, then try again."),
        StatusCodes.Status503ServiceUnavailable => new(status, "Busy for a moment", "Nothing was changed. Try again in a few seconds."),
        StatusCodes.Status400BadRequest => new(status, "This page is too old", "Go back, reload the page and try again."),
        _ => new(status, "Something went wrong", "It is not your fault. Try again; if it happens again, tell whoever runs this service."),
    };
}

/// <summary>Shows a fault with its status, in the look of the account pages.</summary>
sealed class FaultPage(Fault fault) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers.CacheControl = "no-store";
        var services = httpContext.RequestServices;
        var view = new ViewResult
        {
            ViewName = "/Pages/Fault.cshtml",
            StatusCode = fault.Status,
            ViewData = new ViewDataDictionary<Fault>(services.GetRequiredService<IModelMetadataProvider>(), new ModelStateDictionary()) { Model = fault },
        };
        return services.GetRequiredService<IActionResultExecutor<ViewResult>>().ExecuteAsync(new ActionContext(httpContext, httpContext.GetRouteData(), new ActionDescriptor()), view);
    }
}

/// <summary>The same, as what a page answers with.</summary>
sealed class Shown(Fault fault) : IActionResult
{
    public Task ExecuteResultAsync(ActionContext context) => new FaultPage(fault).ExecuteAsync(context.HttpContext);
}

/// <summary>Faults as pages for whoever reads pages; everybody else gets problem details.</summary>
sealed class FaultPages : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) =>
        context.HttpContext.Request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase));

    public ValueTask WriteAsync(ProblemDetailsContext context) =>
        new(new FaultPage(Faults.OfStatus(context.HttpContext.Response.StatusCode)).ExecuteAsync(context.HttpContext));
}
