using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Lightning.Api.Access;

/// <summary>
/// Handles writes that reference a row which was deleted by a concurrent request: 401 if the caller's account was
/// deleted, 409 if a user to share with was, 404 otherwise.
/// </summary>
sealed class ForeignKeyViolationHandler : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext,
        Exception exception,
        CancellationToken cancellationToken
    )
    {
        if (FindConstraint(exception) is not { } constraint)
            return false;
        await (
            constraint switch
            {
                "fk_notes_users_owner_id" or "fk_keyed_requests_users_user_id" => Problem.Unauthenticated.WriteAsync(
                    httpContext,
                    "The account was deleted."
                ),
                "fk_note_shares_users_user_id" => Problem.Conflict.WriteAsync(
                    httpContext,
                    "The user's account was deleted by a concurrent request. Try again."
                ),
                _ => Problem.NotFound.WriteAsync(httpContext, "The object was deleted by a concurrent request."),
            }
        );
        return true;
    }

    /// <summary>The name of the violated foreign key; null if the exception has another cause.</summary>
    static string? FindConstraint(Exception? ex)
    {
        for (; ex is not null; ex = ex.InnerException)
            if (
                ex is PostgresException
                {
                    SqlState: PostgresErrorCodes.ForeignKeyViolation,
                    ConstraintName: { } constraint
                }
            )
                return constraint;
        return null;
    }
}
