using Lightning.Admin.Registrations;

namespace Lightning.Admin.Forms;

/// <summary>A form, as it is shown.</summary>
/// <param name="Inputs">What can be filled in.</param>
/// <param name="Key">The row that is changed; null where one is made.</param>
/// <param name="Name">What the row is called.</param>
/// <param name="CanSaveAsNew">Whether the same can be saved as another row.</param>
public sealed record Form(IReadOnlyList<FormInput> Inputs, string? Key, string? Name, bool CanSaveAsNew)
{
    /// <summary>What is wrong with all of it.</summary>
    public string? Fault { get; init; }

    /// <summary>Whether somebody else has changed the row, or one of its children, since it was shown.</summary>
    public bool IsOvertaken { get; init; }

    /// <summary>Whether it holds what somebody filled in, and nothing of that is saved yet.</summary>
    public bool IsUnsaved { get; init; }

    /// <summary>The row's children, which are written along with it.</summary>
    public IReadOnlyList<ChildForm> Children { get; init; } = [];

    /// <summary>Its fields, and those of its children.</summary>
    public IEnumerable<FormInput> All => Inputs.Concat(Children.SelectMany(children => children.Rows).SelectMany(row => row.Inputs));

    /// <summary>The form with the field marked at which whoever opens it begins.</summary>
    public Form Begun()
    {
        var first = FormInput.First(All);
        return this with { Inputs = Mark(Inputs), Children = [.. Children.Select(children => children with { Rows = [.. children.Rows.Select(row => row with { Inputs = Mark(row.Inputs) })] })] };

        IReadOnlyList<FormInput> Mark(IReadOnlyList<FormInput> inputs) => [.. inputs.Select(input => input with { IsFirst = ReferenceEquals(input, first) })];
    }

    /// <summary>Whether anything is wrong.</summary>
    public bool HasFaults => Fault is not null || All.Any(input => input.Fault is not null) || Children.Any(children => children.Rows.Any(row => row.Fault is not null));
}

/// <summary>A field of a form, and what is in it.</summary>
/// <param name="Field">The field.</param>
/// <param name="Text">What is in it.</param>
/// <param name="Seen">What the row had when the form was made: whoever changes it meanwhile is noticed by that.</param>
public sealed record FormInput(FormField Field, string Text, string Seen)
{
    /// <summary>What comes before the field's name in a form that holds several rows.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The row that it is of, where it stands in a table of rows and its name does not show.</summary>
    public string? Row { get; init; }

    /// <summary>Its name in the form.</summary>
    public string Name => Prefix + Field.Name;

    /// <summary>Its name among the elements of the page.</summary>
    public string Id => $"field-{Name.Replace('.', '-')}";

    /// <summary>Its name for people, with that of its row where that does not show.</summary>
    public string Title => Row is null ? Field.Title : $"{Field.Title}, {Row}";

    /// <summary>Of the fields of a page the one to begin at: one that was just added, else the first that something is wrong with, that somebody else has changed, or that rows were searched for.</summary>
    public static FormInput? First(IEnumerable<FormInput> inputs)
    {
        var all = inputs.ToList();
        return all.Find(input => input.IsFirst) ?? all.Find(input => input.Fault is not null) ?? all.Find(input => input.Theirs is not null) ?? all.Find(input => input.Search.Length > 0);
    }

    /// <summary>Whether whoever opens the page begins here.</summary>
    public bool IsFirst { get; init; }

    /// <summary>What is wrong with it.</summary>
    public string? Fault { get; init; }

    /// <summary>What somebody else has made of it meanwhile.</summary>
    public string? Theirs { get; init; }

    /// <summary>Rows to choose from.</summary>
    public IReadOnlyList<Choice> Choices { get; init; } = [];

    /// <summary>Whether a row is chosen.</summary>
    public bool IsChosen(Choice choice) => choice is not null && Chosen.Contains(choice.Key);

    /// <summary>The keys of the rows that are chosen.</summary>
    internal IReadOnlySet<string> Chosen { get; init; } = new HashSet<string>();

    /// <summary>Whether it has more rows than can be shown; those stay as they are.</summary>
    public bool HasMore { get; init; }

    /// <summary>The list that rows are searched in.</summary>
    public string? PickFrom { get; init; }

    /// <summary>What the search has not looked for.</summary>
    public string LeftOut { get; init; } = "";

    /// <summary>What rows were searched for.</summary>
    public string Search { get; init; } = "";
}

/// <summary>What became of a form.</summary>
/// <param name="Outcome">In a word.</param>
/// <param name="Key">The row that was written.</param>
/// <param name="Form">The form again, where it was not.</param>
public sealed record Saved(Outcome Outcome, string? Key = null, Form? Form = null);

/// <summary>What became of a form.</summary>
public enum Outcome
{
    /// <summary>It is saved.</summary>
    Done,

    /// <summary>It is shown again: something is wrong, somebody else was first, or rows were searched for.</summary>
    Again,

    /// <summary>There is no such row, or not for whoever asks.</summary>
    Missing,

    /// <summary>They may read it, and not do this.</summary>
    Refused,

    /// <summary>It holds a field that cannot be written.</summary>
    Unknown,
}
