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

    /// <summary>Whether somebody else has changed the row since it was shown.</summary>
    public bool IsOvertaken { get; init; }

    /// <summary>Whether anything is wrong.</summary>
    public bool HasFaults => Fault is not null || Inputs.Any(input => input.Fault is not null);
}

/// <summary>A field of a form, and what is in it.</summary>
/// <param name="Field">The field.</param>
/// <param name="Text">What is in it.</param>
/// <param name="Seen">What the row had when the form was made: whoever changes it meanwhile is noticed by that.</param>
public sealed record FormInput(FormField Field, string Text, string Seen)
{
    /// <summary>What is wrong with it.</summary>
    public string? Fault { get; init; }

    /// <summary>What somebody else has made of it meanwhile.</summary>
    public string? Theirs { get; init; }

    /// <summary>Rows to choose from.</summary>
    public IReadOnlyList<Choice> Choices { get; init; } = [];

    /// <summary>The list that rows are searched in.</summary>
    public string? PickFrom { get; init; }

    /// <summary>What rows were searched for.</summary>
    public string Search { get; init; } = "";
}

/// <summary>What a person has sent.</summary>
/// <param name="Fields">What they filled in, by field.</param>
/// <param name="Seen">What they were shown before, by field.</param>
/// <param name="Searches">What they search for in related rows, by field.</param>
/// <param name="SearchOnly">Whether they search, and save nothing yet.</param>
public sealed record Posted(IReadOnlyDictionary<string, string> Fields, IReadOnlyDictionary<string, string> Seen, IReadOnlyDictionary<string, string> Searches, bool SearchOnly)
{
    /// <summary>What a form holds. All that does not begin with an underscore is a field.</summary>
    public static Posted Read(IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>> form)
    {
        ArgumentNullException.ThrowIfNull(form);
        Dictionary<string, string> fields = new(StringComparer.Ordinal), seen = new(StringComparer.Ordinal), searches = new(StringComparer.Ordinal);
        var only = false;
        foreach (var (name, values) in form)
            if (name.StartsWith("_seen.", StringComparison.Ordinal)) seen[name[6..]] = values[0] ?? "";
            else if (name.StartsWith("_search.", StringComparison.Ordinal)) searches[name[8..]] = values[0] ?? "";
            else if (name == "_find") only = true;
            else if (!name.StartsWith('_')) fields[name] = values[0] ?? "";
        return new(fields, seen, searches, only);
    }
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
