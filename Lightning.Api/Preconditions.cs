using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace Lightning.Api;

/// <summary>Nothing is overwritten unseen: a write says which version it replaces (RFC 9110, 13; RFC 6585, 3).</summary>
static class Preconditions
{
    /// <summary>Documents them on an operation.</summary>
    public static RouteHandlerBuilder ProducesPreconditions(this RouteHandlerBuilder operation) => operation
        .ProducesProblem(StatusCodes.Status412PreconditionFailed)
        .ProducesProblem(StatusCodes.Status428PreconditionRequired);

    /// <summary>Whether the caller already has this version.</summary>
    public static bool IsKnown(HttpRequest request, string etag) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var known) && known.Any(tag => tag.Tag == "*" || tag.Tag == etag);

    /// <summary>Why a write may not go on, or null where it names the present version.</summary>
    public static ProblemHttpResult? Refuse(string? ifMatch, string etag)
    {
        if (string.IsNullOrEmpty(ifMatch))
            return Problem.PreconditionRequired.Answer("Send If-Match with the version that you read, as its ETag gave it.");
        return EntityTagHeaderValue.TryParseList([ifMatch], out var tags) && tags.Any(tag => tag.Tag == "*" || (!tag.IsWeak && tag.Tag == etag)) ? null : Overtaken();
    }

    /// <summary>Saves, and says so where somebody else's write came first.</summary>
    public static async Task<ProblemHttpResult?> SaveAsync(LightningDb db, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateConcurrencyException)
        {
            return Overtaken();
        }
    }

    /// <summary>That somebody else's write came first.</summary>
    public static ProblemHttpResult Overtaken() => Problem.ChangedMeanwhile.Answer("It was changed since you read it. Read it again, and decide what to keep.");
}
