using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Lightning.Api.Access;

/// <summary>
/// What a write hangs on was removed after it was looked at: the person themself, whose sessions have ended with them (401), somebody else with whom a note was to be
/// shared (409), or the object (404). No fault of anybody's.
/// </summary>
sealed class RemovedMeanwhile : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (Violation(exception) is not { } constraint) return false;
        await (constraint switch
        {
            "fk_notes_users_owner_id" or "fk_keyed_requests_users_user_id" => Problem.Unauthenticated.WriteAsync(httpContext, "The account was removed."),
            "fk_note_shares_users_user_id" => Problem.Conflict.WriteAsync(httpContext, "Somebody removed their account in this moment. Try again."),
            _ => Problem.NotFound.WriteAsync(httpContext, "It was removed in this moment."),
        });
        return true;
    }

    /// <summary>The foreign key that has nothing to point to any more, or null.</summary>
    static string? Violation(Exception? fault)
    {
        for (; fault is not null; fault = fault.InnerException)
            if (fault is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: { } constraint }) return constraint;
        return null;
    }
}
