using Lightning.Admin.Engine.Queries;

namespace Lightning.Admin.Engine.Forms;

/// <summary>A form for display.</summary>
/// <param name="Inputs">The fields.</param>
/// <param name="Key">The row's key as a URL segment; null for a new row.</param>
/// <param name="Name">The row's display name; null for a new row.</param>
/// <param name="CanSaveAsNew">Whether the form offers "Save as new".</param>
public sealed record Form(IReadOnlyList<FormInput> Inputs, string? Key, string? Name, bool CanSaveAsNew)
{
    /// <summary>The error of the whole form.</summary>
    public string? Error { get; init; }

    /// <summary>Whether the row or one of its children was changed by someone else since the form was shown.</summary>
    public bool HasConflict { get; init; }

    /// <summary>Whether the form contains unsaved input.</summary>
    public bool IsUnsaved { get; init; }

    /// <summary>The inline children.</summary>
    public IReadOnlyList<ChildForm> Children { get; init; } = [];

    /// <summary>The fields of the row and its children.</summary>
    public IEnumerable<FormInput> All =>
        Inputs.Concat(Children.SelectMany(children => children.Rows).SelectMany(row => row.Inputs));

    /// <summary>The form with the field to focus marked.</summary>
    public Form WithFocus()
    {
        var first = FormInput.FindFocus(All);
        return this with
        {
            Inputs = Mark(Inputs),
            Children =
            [
                .. Children.Select(children =>
                    children with
                    {
                        Rows = [.. children.Rows.Select(row => row with { Inputs = Mark(row.Inputs) })],
                    }
                ),
            ],
        };

        IReadOnlyList<FormInput> Mark(IReadOnlyList<FormInput> inputs) =>
            [.. inputs.Select(input => input with { HasFocus = ReferenceEquals(input, first) })];
    }

    /// <summary>Whether the form has any error.</summary>
    public bool HasErrors =>
        Error is not null
        || All.Any(input => input.Error is not null)
        || Children.Any(children => children.Rows.Any(row => row.Error is not null));
}

/// <summary>A field of a form and its value.</summary>
/// <param name="Field">The field.</param>
/// <param name="Text">The displayed value.</param>
/// <param name="Seen">The row's value when the form was rendered; used to detect concurrent changes.</param>
public sealed record FormInput(FormField Field, string Text, string Seen)
{
    /// <summary>The prefix of the field's name in a form with several rows.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The row's name, if the field is in a table of rows; null otherwise.</summary>
    public string? Row { get; init; }

    /// <summary>The name in the form.</summary>
    public string Name => Prefix + Field.Name;

    /// <summary>The HTML id.</summary>
    public string Id => $"field-{Name.Replace('.', '-')}";

    /// <summary>The label, including the row's name in a table of rows.</summary>
    public string Title => Row is null ? Field.Title : $"{Field.Title}, {Row}";

    /// <summary>
    /// The field to focus: a just added one, else the first with an error, a conflict or a search; null if there is
    /// none.
    /// </summary>
    public static FormInput? FindFocus(IEnumerable<FormInput> inputs)
    {
        var all = inputs.ToList();
        return all.Find(input => input.HasFocus)
            ?? all.Find(input => input.Error is not null)
            ?? all.Find(input => input.ConcurrentValue is not null)
            ?? all.Find(input => input.Search.Length > 0);
    }

    /// <summary>Whether the field has the focus.</summary>
    public bool HasFocus { get; init; }

    /// <summary>The field's error; null if it has none.</summary>
    public string? Error { get; init; }

    /// <summary>The value that someone else has saved since the form was shown; null if unchanged.</summary>
    public string? ConcurrentValue { get; init; }

    /// <summary>The rows to choose from.</summary>
    public IReadOnlyList<Choice> Choices { get; init; } = [];

    /// <summary>Whether a row is selected.</summary>
    public bool IsChosen(Choice choice) => choice is not null && Chosen.Contains(choice.Key);

    /// <summary>The keys of the selected rows.</summary>
    internal IReadOnlySet<string> Chosen { get; init; } = new HashSet<string>();

    /// <summary>Whether there are more linked rows than are shown; those stay unchanged.</summary>
    public bool HasMore { get; init; }

    /// <summary>The slug of the list to search; null if the field is not a relation.</summary>
    public string? PickFrom { get; init; }

    /// <summary>A warning about an incomplete search; empty for none.</summary>
    public string SearchWarnings { get; init; } = "";

    /// <summary>The search for related rows; empty for none.</summary>
    public string Search { get; init; } = "";
}

/// <summary>The result of posting a form.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Key">The key of the saved row.</param>
/// <param name="Form">The form to show again, if nothing was saved.</param>
public sealed record Saved(Outcome Outcome, string? Key = null, Form? Form = null);

/// <summary>The result of posting a form.</summary>
public enum Outcome
{
    /// <summary>The row was saved.</summary>
    Done,

    /// <summary>The form is shown again: it has errors or conflicts, or it only searched.</summary>
    Redisplay,

    /// <summary>The row does not exist or is not readable.</summary>
    NotFound,

    /// <summary>The actor may read the row, but not change it this way.</summary>
    Forbidden,

    /// <summary>The form contains a field that cannot be written.</summary>
    UnknownField,
}
