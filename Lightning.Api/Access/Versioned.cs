using System.Globalization;
using Lightning.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Lightning.Api.Access;

/// <summary>A response body with a version.</summary>
interface IVersioned
{
    /// <summary>The version as an entity tag (RFC 9110, 8.8.3).</summary>
    string Etag { get; }
}

/// <summary>A change of one object.</summary>
/// <param name="Verb">The verb that the caller must be allowed.</param>
/// <param name="IfMatch">The <c>If-Match</c> header; null if it was not sent.</param>
/// <param name="Apply">Changes the row.</param>
sealed record RowChange<T>(Verb Verb, string? IfMatch, Action<T> Apply)
    where T : class;

/// <summary>Conditional requests for one object: <c>ETag</c>, <c>If-None-Match</c> and <c>If-Match</c>.</summary>
static class Versioned
{
    /// <summary>The entity tag of a row version (RFC 9110, 8.8.3).</summary>
    public static string ETag(uint version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The object with its <c>ETag</c>, or 304 if the caller has this version.</summary>
    public static Results<Ok<TView>, StatusCodeHttpResult> Get<TView>(HttpContext http, TView view)
        where TView : IVersioned
    {
        http.Response.Headers.ETag = view.Etag;
        return Preconditions.IsNotModified(http.Request, view.Etag)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(view);
    }

    /// <summary>
    /// Changes the object if <c>If-Match</c> names the current version and the policy also allows the changed row.
    /// </summary>
    public static async Task<Results<Ok<TView>, ProblemHttpResult>> ChangeAsync<T, TView>(
        this RouteRow<T> target,
        ResourceContext<T> context,
        RowChange<T> change,
        Func<RowWithGrants<T>, TView> view
    )
        where T : class
        where TView : IVersioned
    {
        if (Preconditions.Check(change.IfMatch, view(target.WithGrants).Etag) is { } failed)
            return failed;
        change.Apply(target.Row);
        var http = context.Http;
        http.GetEndpoint()?.Metadata.GetMetadata<WritableFields>()?.Restore(context.Db, target.Row);
        if (await context.SaveAsync(change.Verb, target.Row) is { } problem)
            return problem;
        var changed = view(target.WithGrants);
        http.Response.Headers.ETag = changed.Etag;
        return TypedResults.Ok(changed);
    }

    /// <summary>Deletes the object if <c>If-Match</c> names the current version.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync<T>(
        this RouteRow<T> target,
        ResourceContext<T> context,
        string etag,
        string? ifMatch
    )
        where T : class
    {
        if (Preconditions.Check(ifMatch, etag) is { } failed)
            return failed;
        context.Db.Remove(target.Row);
        return await Preconditions.SaveAsync(context.Db, context.Http.RequestAborted) is { } conflict
            ? conflict
            : TypedResults.NoContent();
    }
}
