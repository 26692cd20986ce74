using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;

namespace Lightning.Admin.Forms;

/// <summary>Rows of a list, with fields in them.</summary>
/// <param name="Columns">The columns that are shown.</param>
/// <param name="Rows">The rows.</param>
public sealed record RowsForm(IReadOnlyList<Field> Columns, IReadOnlyList<RowForm> Rows)
{
    /// <summary>Why there is no such page of the list.</summary>
    public string? Fault { get; init; }
}

/// <summary>A row of a list, with fields in it.</summary>
/// <param name="Key">Its key, as part of an address.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Cells">Its values, a column each; none where it is gone.</param>
/// <param name="Inputs">What can be filled in, by column; nothing where whoever looks may not change it.</param>
public sealed record RowForm(string Key, string Name, IReadOnlyList<Cell> Cells, IReadOnlyDictionary<string, FormInput> Inputs)
{
    /// <summary>What is wrong with all of it.</summary>
    public string? Fault { get; init; }
}

/// <summary>What became of rows of a list.</summary>
/// <param name="Rows">How many were saved.</param>
/// <param name="IsUnknown">Whether the form holds a field that cannot be written; then nothing was saved.</param>
/// <param name="IsOvertaken">Whether somebody else has changed or removed one of those that were not.</param>
/// <param name="Form">Those that were not; null where all were.</param>
public sealed record RowsSaved(int Rows, bool IsUnknown, bool IsOvertaken, RowsForm? Form);
