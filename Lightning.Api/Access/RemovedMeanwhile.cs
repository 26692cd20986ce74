using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Lightning.Api.Access;

/// <summary>
/// What a write hangs on was removed after it was looked at: the person themself, whose sessions have ended with them (401), or the object (404). No fault of anybody's.
/// </summary>
sealed class RemovedMeanwhile(IProblemDetailsService problems) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (Violation(exception) is not { } constraint) return ValueTask.FromResult(false);
        var problem = constraint.Contains("_users_", StringComparison.Ordinal) ? Problem.Unauthenticated : Problem.NotFound;
        httpContext.Response.StatusCode = problem.Status;
        return problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = { Status = problem.Status } });
    }

    /// <summary>The foreign key that has nothing to point to any more, or null.</summary>
    static string? Violation(Exception? fault)
    {
        for (; fault is not null; fault = fault.InnerException)
            if (fault is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: { } constraint }) return constraint;
        return null;
    }
}
