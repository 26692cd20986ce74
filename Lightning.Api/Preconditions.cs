using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace Lightning.Api;

/// <summary>
/// Prevents lost updates: a write must name the version that it replaces (RFC 9110, 13; RFC 6585, 3).
/// </summary>
static class Preconditions
{
    /// <summary>Documents the responses 412 and 428.</summary>
    public static RouteHandlerBuilder ProducesPreconditions(this RouteHandlerBuilder operation) =>
        operation
            .ProducesProblem(StatusCodes.Status412PreconditionFailed)
            .ProducesProblem(StatusCodes.Status428PreconditionRequired);

    /// <summary>Whether <c>If-None-Match</c> names this version.</summary>
    public static bool IsNotModified(HttpRequest request, string etag) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var known)
        && known.Any(tag => tag.Tag == "*" || tag.Tag == etag);

    /// <summary>Checks <c>If-Match</c>. Returns the problem; null if it names the current version.</summary>
    public static ProblemHttpResult? Check(string? ifMatch, string etag)
    {
        if (string.IsNullOrEmpty(ifMatch))
            return Problem.PreconditionRequired.ToResult("Send the ETag of the version that you read as If-Match.");
        return
            EntityTagHeaderValue.TryParseList([ifMatch], out var tags)
            && tags.Any(tag => tag.Tag == "*" || (!tag.IsWeak && tag.Tag == etag))
            ? null
            : VersionConflict();
    }

    /// <summary>Saves. Returns a problem if the row was changed concurrently; otherwise null.</summary>
    public static async Task<ProblemHttpResult?> SaveAsync(LightningDb db, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateConcurrencyException)
        {
            return VersionConflict();
        }
    }

    /// <summary>The problem for an outdated version.</summary>
    public static ProblemHttpResult VersionConflict() =>
        Problem.VersionConflict.ToResult(
            "The object was changed after you read it. Get the current version and try again."
        );
}
