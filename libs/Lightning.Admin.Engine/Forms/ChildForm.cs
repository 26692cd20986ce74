using Lightning.Admin.Engine.Registrations;

namespace Lightning.Admin.Engine.Forms;

/// <summary>A list of children in the form of their parent.</summary>
/// <param name="Name">The list's name in the form.</param>
/// <param name="Registration">The children's registration.</param>
/// <param name="Rows">The children.</param>
/// <param name="CanAdd">Whether a child can be added.</param>
/// <param name="HasMore">Whether there are more children, which stay unchanged.</param>
public sealed record ChildForm(
    string Name,
    Registration Registration,
    IReadOnlyList<ChildFormRow> Rows,
    bool CanAdd,
    bool HasMore
);

/// <summary>A child in the form of its parent.</summary>
/// <param name="Key">The key as a URL segment; a plus sign and a number for a new child.</param>
/// <param name="Title">The display name.</param>
/// <param name="Inputs">The fields; empty if the actor may not update the child.</param>
/// <param name="CanRemove">Whether the child can be removed.</param>
/// <param name="IsRemoved">Whether the child is marked for removal.</param>
public sealed record ChildFormRow(
    string Key,
    string Title,
    IReadOnlyList<FormInput> Inputs,
    bool CanRemove,
    bool IsRemoved
)
{
    /// <summary>The error of the whole row.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the fields are collapsed: there are many, and none needs attention.</summary>
    public bool IsCollapsed =>
        Inputs.Count > 4
        && !IsNew
        && !IsRemoved
        && Error is null
        && Inputs.All(input =>
            input.Error is null
            && input.ConcurrentValue is null
            && input.Search.Length == 0
            && input.Field.IsSame(input.Text, input.Seen)
        );

    /// <summary>Whether the child is new.</summary>
    public bool IsNew => Key.StartsWith('+');
}
