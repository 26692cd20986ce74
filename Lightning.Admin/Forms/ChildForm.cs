using Lightning.Admin.Registrations;

namespace Lightning.Admin.Forms;

/// <summary>A row's children in its form.</summary>
/// <param name="Name">Their name in the form.</param>
/// <param name="Registration">What they are.</param>
/// <param name="Rows">The children.</param>
/// <param name="CanAdd">Whether another can be made.</param>
/// <param name="HasMore">Whether there are more than are shown; those stay as they are.</param>
public sealed record ChildForm(string Name, Registration Registration, IReadOnlyList<ChildFormRow> Rows, bool CanAdd, bool HasMore);

/// <summary>A child in its parent's form.</summary>
/// <param name="Key">Its key, as part of an address; a plus and a number where it is to be made.</param>
/// <param name="Title">What it is called.</param>
/// <param name="Inputs">What can be filled in; nothing where whoever looks may not change it.</param>
/// <param name="CanRemove">Whether it can be removed.</param>
/// <param name="IsRemoved">Whether it is to go.</param>
public sealed record ChildFormRow(string Key, string Title, IReadOnlyList<FormInput> Inputs, bool CanRemove, bool IsRemoved)
{
    /// <summary>What is wrong with all of it.</summary>
    public string? Fault { get; init; }

    /// <summary>Whether its fields are folded away: there are many of them, and nothing to be seen in any.</summary>
    public bool Folds => Inputs.Count > 4 && !IsNew && !IsRemoved && Fault is null && Inputs.All(input => input.Fault is null && input.Theirs is null && input.Search.Length == 0 && input.Field.IsSame(input.Text, input.Seen));

    /// <summary>Whether it is to be made.</summary>
    public bool IsNew => Key.StartsWith('+');
}
