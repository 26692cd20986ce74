using Microsoft.AspNetCore.Diagnostics;

namespace Lightning.Identity.Passwords;

/// <summary>Too many passwords at once is 503: the same form may well succeed later.</summary>
sealed class HashingBusy(IProblemDetailsService problems) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not HashingBusyException) return ValueTask.FromResult(false);
        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = "5";
        return problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = { Status = StatusCodes.Status503ServiceUnavailable } });
    }
}
