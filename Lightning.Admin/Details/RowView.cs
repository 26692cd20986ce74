using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;

namespace Lightning.Admin.Details;

/// <summary>A row's page.</summary>
/// <param name="Key">Its key, as part of an address.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Subject">Its key, as the book has it.</param>
/// <param name="Facts">What is shown of it.</param>
/// <param name="Children">Its children.</param>
/// <param name="MayUpdate">Whether whoever looks may change it.</param>
/// <param name="MayDelete">Whether they may delete it.</param>
/// <param name="IsDeleted">Whether it was deleted, and stays.</param>
/// <param name="Actions">What else they may do to it.</param>
/// <param name="HasAct">Whether there is something to do on the page of <see cref="Registration.Act"/>.</param>
public sealed record RowView(
    string Key, string Name, string Subject, IReadOnlyList<Fact> Facts, IReadOnlyList<ChildRows> Children, bool MayUpdate, bool MayDelete, bool IsDeleted, IReadOnlyList<RowAction> Actions, bool HasAct);

/// <summary>Something that is shown of a row.</summary>
public sealed record Fact(string Title, string Text, string? Link)
{
    /// <summary>The rows that it is linked with, where it is such a list.</summary>
    public IReadOnlyList<Cell> Rows { get; init; } = [];
}

/// <summary>A row's children.</summary>
/// <param name="Registration">What they are.</param>
/// <param name="Page">The first of them.</param>
/// <param name="New">The address at which another is made; null where whoever looks may not.</param>
/// <param name="All">The address of their own list, narrowed to them; null where it cannot be.</param>
public sealed record ChildRows(Registration Registration, ListPage Page, string? New, string? All);

/// <summary>What a delete takes along.</summary>
/// <param name="Title">What rows.</param>
/// <param name="Count">How many; null where they are not whoever looks' to count.</param>
/// <param name="Effect">What becomes of them.</param>
public sealed record Consequence(string Title, CappedCount? Count, string Effect);
