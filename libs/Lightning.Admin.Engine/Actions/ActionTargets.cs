using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;

namespace Lightning.Admin.Engine.Actions;

/// <summary>The rows that an action is run on: those with the given keys, or all rows of a list.</summary>
public sealed record RowSelection(IReadOnlyList<string> Keys, ListState? All);

/// <summary>The rows that an action would apply to.</summary>
/// <param name="Count">The number of rows, capped at one more than an action accepts.</param>
/// <param name="Others">The number of selected rows that the action does not apply to.</param>
/// <param name="First">The first rows, for the confirmation page.</param>
public sealed record ActionTargets(int Count, int Others, IReadOnlyList<Choice> First)
{
    /// <summary>The number of rows beyond <see cref="First"/>.</summary>
    public CappedCount More =>
        new(Math.Min(Count, CappedCount.Cap) - First.Count) { IsLeast = Count > CappedCount.Cap };
}
