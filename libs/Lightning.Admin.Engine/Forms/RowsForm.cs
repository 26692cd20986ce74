using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Registrations;

namespace Lightning.Admin.Engine.Forms;

/// <summary>A page of a list with editable fields.</summary>
/// <param name="Columns">The visible columns.</param>
/// <param name="Rows">The rows.</param>
public sealed record RowsForm(IReadOnlyList<Field> Columns, IReadOnlyList<RowForm> Rows)
{
    /// <summary>The error if there is no such page.</summary>
    public string? Error { get; init; }
}

/// <summary>A row of a list with editable fields.</summary>
/// <param name="Key">The key as a URL segment.</param>
/// <param name="Name">The display name.</param>
/// <param name="Cells">The values, one per column; empty if the row no longer exists.</param>
/// <param name="Inputs">The editable fields by column; empty if the actor may not update the row.</param>
public sealed record RowForm(
    string Key,
    string Name,
    IReadOnlyList<Cell> Cells,
    IReadOnlyDictionary<string, FormInput> Inputs
)
{
    /// <summary>The error of the whole row.</summary>
    public string? Error { get; init; }
}

/// <summary>The result of saving rows of a list.</summary>
/// <param name="Rows">The number of saved rows.</param>
/// <param name="IsUnknown">Whether the form contains a field that cannot be written; then nothing was saved.</param>
/// <param name="HasConflict">Whether an unsaved row was changed or deleted by someone else.</param>
/// <param name="Form">The rows that were not saved; null if all were.</param>
public sealed record RowsSaved(int Rows, bool IsUnknown, bool HasConflict, RowsForm? Form);
