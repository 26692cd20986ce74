using Lightning.Admin.Registrations;

namespace Lightning.Admin.Lists;

/// <summary>A page of a list.</summary>
/// <param name="Columns">The columns that are shown.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Next">Where the next page begins; null where there is none.</param>
/// <param name="Previous">Where the page before ends; null where there is none.</param>
public sealed record ListPage(IReadOnlyList<Field> Columns, IReadOnlyList<ListRow> Rows, string? Next, string? Previous)
{
    /// <summary>Why there is no such page.</summary>
    public string? Fault { get; init; }

    /// <summary>What was not looked for, as sentences.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];
}

/// <summary>A row of a list.</summary>
/// <param name="Key">Its key, as part of an address.</param>
/// <param name="Cells">Its values, a column each.</param>
/// <param name="MayUpdate">Whether whoever looks may change it.</param>
/// <param name="MayDelete">Whether they may delete it.</param>
/// <param name="HasAct">Whether there is something to do on the page of <see cref="Registration.Act"/>.</param>
public sealed record ListRow(string Key, IReadOnlyList<Cell> Cells, bool MayUpdate, bool MayDelete, bool HasAct)
{
    /// <summary>What the row is called among its neighbours.</summary>
    public string Name => Cells.Count > 0 ? Cells[0].Text : Key;
}

/// <summary>A value of a row.</summary>
/// <param name="Value">The value.</param>
/// <param name="Text">As a person reads it.</param>
/// <param name="Link">The row that it is a value of, or the key of; null where it is the row's own.</param>
public sealed record Cell(object? Value, string Text, string? Link)
{
    /// <summary>All of a text that may be cut off where it stands; null where it is short.</summary>
    public string? Whole => Text.Length > 20 ? Text : null;

    /// <summary>The rows that it is linked with, where it is such a list; the last says so where there are more than are shown.</summary>
    public IReadOnlyList<Cell> Rows { get; init; } = [];
}

/// <summary>How many rows there are, or that there are more than are counted.</summary>
/// <param name="Rows">How many.</param>
public readonly record struct CappedCount(int Rows)
{
    /// <summary>Rows are counted up to here.</summary>
    public const int Cap = 1000;

    /// <summary>What a filter would leave of a large list that is narrowed already is counted among so many of its rows.</summary>
    public const int LookedAt = 2 * Cap;

    /// <summary>Whether only some of the rows were looked at, so that there may be more.</summary>
    public bool IsLeast { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Rows > Cap ? $"{Cap:N0}+" : IsLeast && Rows == 0 ? "?" : Rows.ToString("N0", System.Globalization.CultureInfo.InvariantCulture) + (IsLeast ? "+" : "");
}

/// <summary>A value that a list can be narrowed to.</summary>
/// <param name="Title">The value.</param>
/// <param name="Count">How many rows it leaves; null where they are not counted.</param>
/// <param name="State">The list narrowed to it, or no longer where it is.</param>
/// <param name="IsChosen">Whether it is.</param>
public sealed record Facet(string Title, CappedCount? Count, ListState State, bool IsChosen);
