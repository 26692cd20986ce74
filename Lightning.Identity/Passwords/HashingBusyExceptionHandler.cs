using Microsoft.AspNetCore.Diagnostics;

namespace Lightning.Identity.Passwords;

/// <summary>Responds with 503 if too many passwords are waiting to be hashed, so that the user tries again.</summary>
sealed class HashingBusyExceptionHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(
        HttpContext httpContext,
        Exception exception,
        CancellationToken cancellationToken
    )
    {
        if (exception is not HashingBusyException)
            return ValueTask.FromResult(false);
        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = "5";
        return problems.TryWriteAsync(
            new ProblemDetailsContext
            {
                HttpContext = httpContext,
                ProblemDetails = { Status = StatusCodes.Status503ServiceUnavailable },
            }
        );
    }
}
