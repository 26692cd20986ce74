using System.Globalization;
using Lightning.Data;
using Lightning.Data.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Lightning.Api.Access;

/// <summary>What a client sees of an object, with its version.</summary>
interface IVersioned
{
    /// <summary>The version as an entity tag (RFC 9110, 8.8.3).</summary>
    string Etag { get; }
}

/// <summary>Reads and writes of one object, by its version: nothing is sent that the caller has, and nothing is overwritten unseen.</summary>
static class Versioned
{
    /// <summary>The entity tag of a row's version (RFC 9110, 8.8.3).</summary>
    public static string Tag(uint version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The object, or 304 where the caller has it.</summary>
    public static Results<Ok<TView>, StatusCodeHttpResult> Show<TView>(HttpContext http, TView view)
        where TView : IVersioned
    {
        http.Response.Headers.ETag = view.Etag;
        return Preconditions.IsKnown(http.Request, view.Etag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(view);
    }

    /// <summary>Changes the version that the caller names, if it is the present one and the rule holds before and after.</summary>
    public static async Task<Results<Ok<TView>, ProblemHttpResult>> ChangeAsync<T, TView>(
        this Target<T> target, Verb verb, Action<T> change, Func<Guarded<T>, TView> view, string? ifMatch, HttpContext http, LightningDb db, Policy<T> policy, Actor actor)
        where T : class
        where TView : IVersioned
    {
        if (Preconditions.Refuse(ifMatch, view(target.Guarded).Etag) is { } refusal) return refusal;
        change(target.Row);
        http.GetEndpoint()?.Metadata.GetMetadata<WrittenFields>()?.Restore(db, target.Row);
        if (await db.SaveAsync(policy, actor, verb, target.Row, http.RequestAborted) is { } unsaved) return unsaved;
        var changed = view(target.Guarded);
        http.Response.Headers.ETag = changed.Etag;
        return TypedResults.Ok(changed);
    }

    /// <summary>Removes the version that the caller names, if it is the present one.</summary>
    public static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync<T>(this Target<T> target, string etag, string? ifMatch, LightningDb db, CancellationToken cancellationToken)
        where T : class
    {
        if (Preconditions.Refuse(ifMatch, etag) is { } refusal) return refusal;
        db.Remove(target.Row);
        return await Preconditions.SaveAsync(db, cancellationToken) is { } overtaken ? overtaken : TypedResults.NoContent();
    }
}
