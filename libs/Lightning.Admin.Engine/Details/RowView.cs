using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;

namespace Lightning.Admin.Engine.Details;

/// <summary>A row's page.</summary>
/// <param name="Key">The key as a URL segment.</param>
/// <param name="Name">The display name.</param>
/// <param name="Subject">The key as recorded in the audit log.</param>
/// <param name="Facts">The displayed fields.</param>
/// <param name="Children">The lists of children.</param>
/// <param name="MayUpdate">Whether the actor may update the row.</param>
/// <param name="MayDelete">Whether the actor may delete the row.</param>
/// <param name="IsDeleted">Whether the row is soft-deleted.</param>
/// <param name="Actions">The other actions that the actor may perform.</param>
/// <param name="HasOperation">Whether the row links to the page of <see cref="Registration.OperationPage"/>.</param>
public sealed record RowView(
    string Key,
    string Name,
    string Subject,
    IReadOnlyList<Fact> Facts,
    IReadOnlyList<ChildRows> Children,
    bool MayUpdate,
    bool MayDelete,
    bool IsDeleted,
    IReadOnlyList<RowAction> Actions,
    bool HasOperation
);

/// <summary>A displayed field of a row.</summary>
public sealed record Fact(string Title, string Text, string? Link)
{
    /// <summary>The linked rows of a many-to-many field; empty for other fields.</summary>
    public IReadOnlyList<Cell> Rows { get; init; } = [];
}

/// <summary>A list of a row's children.</summary>
/// <param name="Registration">The children's registration.</param>
/// <param name="Page">The first page of children.</param>
/// <param name="New">The URL of the form for another child; null if the actor may not create one.</param>
/// <param name="All">The URL of the children's list, filtered by the parent; null if there is no such filter.</param>
public sealed record ChildRows(Registration Registration, ListPage Page, string? New, string? All);

/// <summary>The effect of a delete on dependent rows.</summary>
/// <param name="Title">The kind of rows.</param>
/// <param name="Count">The number of rows; null if the actor may not read them.</param>
/// <param name="Effect">What happens to the rows.</param>
public sealed record Consequence(string Title, CappedCount? Count, string Effect);
