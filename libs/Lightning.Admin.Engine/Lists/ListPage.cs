using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;

namespace Lightning.Admin.Engine.Lists;

/// <summary>A page of a list.</summary>
/// <param name="Columns">The visible columns.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Next">The cursor of the next page; null if this is the last.</param>
/// <param name="Previous">The cursor of the previous page; null if this is the first.</param>
public sealed record ListPage(IReadOnlyList<Field> Columns, IReadOnlyList<ListRow> Rows, string? Next, string? Previous)
{
    /// <summary>The error if there is no such page.</summary>
    public string? Error { get; init; }

    /// <summary>Warnings about an incomplete search, as sentences.</summary>
    public IReadOnlyList<string> SearchWarnings { get; init; } = [];
}

/// <summary>A row of a list.</summary>
/// <param name="Key">The key as a URL segment.</param>
/// <param name="Cells">The values, one per column.</param>
/// <param name="MayUpdate">Whether the actor may update the row.</param>
/// <param name="MayDelete">Whether the actor may delete the row.</param>
/// <param name="HasOperation">Whether the row links to the page of <see cref="Registration.OperationPage"/>.</param>
public sealed record ListRow(string Key, IReadOnlyList<Cell> Cells, bool MayUpdate, bool MayDelete, bool HasOperation)
{
    /// <summary>The names of the actions that the actor may run on the row, and that apply to it.</summary>
    public IReadOnlyList<string> Actions { get; init; } = [];

    /// <summary>The row's name for links and labels.</summary>
    public string Name => Cells.Count > 0 ? Cells[0].Text : Key;
}

/// <summary>A value of a row.</summary>
/// <param name="Value">The value as text.</param>
/// <param name="Text">The formatted value.</param>
/// <param name="Link">The URL of the related row that the value belongs or refers to; null if it is the row's
/// own.</param>
public sealed record Cell(object? Value, string Text, string? Link)
{
    /// <summary>The full text if it may be truncated in the list; null if it is short.</summary>
    public string? FullText => Text.Length > 20 ? Text : null;

    /// <summary>The linked rows of a many-to-many field; an extra last entry shows that there are more.</summary>
    public IReadOnlyList<Cell> Rows { get; init; } = [];
}

/// <summary>A value that a filter offers.</summary>
/// <param name="Title">The value as text.</param>
/// <param name="Count">The number of matching rows; null if not counted.</param>
/// <param name="State">The list with the value selected, or without it if it is selected now.</param>
/// <param name="IsChosen">Whether the value is selected.</param>
public sealed record Facet(string Title, CappedCount? Count, ListState State, bool IsChosen);
