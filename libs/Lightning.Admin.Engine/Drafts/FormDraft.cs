using Microsoft.Extensions.Primitives;

namespace Lightning.Admin.Engine.Drafts;

/// <summary>A form that was posted while its user had to sign in again. It was not executed.</summary>
/// <param name="State">What became of the posted values.</param>
public sealed record FormDraft(FormDraftState State)
{
    /// <summary>The posted values; empty unless <see cref="State"/> is <see cref="FormDraftState.Kept"/>.</summary>
    public IReadOnlyDictionary<string, StringValues> Fields { get; init; } = new Dictionary<string, StringValues>();

    /// <summary>The posted files by field.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Whether there are values to show.</summary>
    public bool IsKept => State == FormDraftState.Kept;

    /// <summary>The values as a form that asks to be shown again, like a search in a picker does.</summary>
    internal IEnumerable<KeyValuePair<string, StringValues>> ForDisplay => Fields.Append(new("_find", ""));
}

/// <summary>What became of the values of a form that was posted too late.</summary>
public enum FormDraftState
{
    /// <summary>The values are there.</summary>
    Kept,

    /// <summary>The values were too large to keep.</summary>
    TooLarge,

    /// <summary>The values have expired, or another user entered them.</summary>
    Lost,
}

/// <summary>Finds the form that a request continues.</summary>
public interface IFormDrafts
{
    /// <summary>
    /// The form that the user posted to this path before signing in again; null if the request does not continue one.
    /// </summary>
    Task<FormDraft?> FindAsync(HttpContext context, CancellationToken cancellationToken);
}

/// <summary>
/// Marks a page that shows an unfinished form: its GET handler asks <see cref="IFormDrafts"/>. Other pages are shown
/// empty after the user has signed in again.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KeepsFormAttribute : Attribute;

/// <summary>Keeps no form: the default, unless the application registers its own.</summary>
sealed class NoFormDrafts : IFormDrafts
{
    public Task<FormDraft?> FindAsync(HttpContext context, CancellationToken cancellationToken) =>
        Task.FromResult<FormDraft?>(null);
}
