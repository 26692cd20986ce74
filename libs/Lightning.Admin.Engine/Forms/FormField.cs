using System.Text.Json;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Forms;

/// <summary>
/// A writable field: a column, a column of an owned object, a reference to a related row, or a many-to-many relation.
/// </summary>
public sealed class FormField
{
    readonly IReadOnlyList<INavigation> owned;
    readonly IReadOnlyList<IProperty> columns;

    FormField(Field field, IReadOnlyList<INavigation> owned, IReadOnlyList<IProperty> columns, INavigation? relation)
    {
        (Name, Title, this.owned, this.columns, Relation) = (field.Name, field.Title, owned, columns, relation);
        CanBeNull = columns.All(column => column.IsNullable) || owned.Any(step => !step.ForeignKey.IsRequiredDependent);
        Type = columns[0].ClrType;
        MaxLength = columns[0].GetMaxLength();
        Kind = relation is not null ? InputKind.Relation : KindOf(columns[0]);
    }

    FormField(Field field, ISkipNavigation links)
    {
        (Name, Title, owned, columns, ManyToMany) = (field.Name, field.Title, [], [], links);
        (CanBeNull, Type, Kind) = (true, typeof(string), InputKind.ManyRelations);
    }

    /// <summary>The name in forms and files.</summary>
    public string Name { get; }

    /// <summary>The display name.</summary>
    public string Title { get; }

    /// <summary>The kind of input.</summary>
    public InputKind Kind { get; }

    /// <summary>Whether the field is optional.</summary>
    public bool CanBeNull { get; }

    /// <summary>The maximum length of a text, in characters; null for no limit.</summary>
    public int? MaxLength { get; }

    /// <summary>The values to choose from; empty for other kinds of input.</summary>
    public IReadOnlyList<string> Choices =>
        Type.UnwrapNullable() == typeof(bool) ? ["true", "false"]
        : Type.UnwrapNullable().IsEnum ? Enum.GetNames(Type.UnwrapNullable())
        : [];

    internal Type Type { get; }

    /// <summary>The navigation to the related row; null for other fields.</summary>
    internal INavigation? Relation { get; }

    /// <summary>The many-to-many navigation; null for other fields.</summary>
    internal ISkipNavigation? ManyToMany { get; }

    /// <summary>The related entity; null if the field is not a relation.</summary>
    internal IEntityType? Target => Relation?.TargetEntityType ?? ManyToMany?.TargetEntityType;

    /// <summary>The property names in policies; the field is writable if a policy allows one of them.</summary>
    internal IEnumerable<string> PolicyNames =>
        ManyToMany is not null ? [ManyToMany.Name]
        : owned.Count > 0 ? [owned[0].Name]
        : Relation is not null ? columns.Select(column => column.Name).Prepend(Relation.Name)
        : [columns[0].Name];

    /// <summary>The columns that store the value.</summary>
    internal IReadOnlyList<IProperty> Columns => columns;

    /// <summary>The form field of a registered field; null if a form cannot write it.</summary>
    internal static FormField? Create(IEntityType table, Field field)
    {
        if (field.ManyToMany is { } links)
            return field.Navigations.Count == 0 ? new(field, links) : null;
        if (field.Property is { } column)
        {
            var through = field.Navigations;
            if (
                through.Any(step => !step.TargetEntityType.IsOwned())
                || (!TypedText.Supports(column.ClrType) && !IsJson(column))
            )
                return null;
            // A single-column foreign key is shown as a picker of related rows.
            return new(field, through, [column], field.Reference);
        }
        return field.Reference is { } reference ? new(field, [], reference.ForeignKey.Properties, reference) : null;
    }

    /// <summary>The row's value as text. Empty for many-to-many fields, whose rows are loaded separately.</summary>
    internal string Text(EntityEntry entry)
    {
        if (ManyToMany is not null)
            return "";
        var values = GetValues(entry);
        return Kind == InputKind.Relation
            ? values.Any(value => value is null)
                ? ""
                : RowKey.Format(values)
            : TypedText.Format(values[0]);
    }

    /// <summary>The row's value of the first column.</summary>
    internal object? Value(EntityEntry entry) => ManyToMany is null ? GetValues(entry)[0] : null;

    /// <summary>Parses the text of a file, which tells an empty text from none and has its own line breaks.</summary>
    internal (IReadOnlyList<object?>? Values, string? Error) ReadExact(string text)
    {
        var isNull = text == TypedText.NullText;
        if (isNull)
            text = "";
        var keepsEmpty = !isNull && Kind is InputKind.Text or InputKind.LongText or InputKind.List;
        return text.Length == 0 && keepsEmpty && TypedText.TryParse(Type, text, out var empty) && empty is not null
                ? ([empty], null)
            : Kind is InputKind.Text or InputKind.LongText && Type == typeof(string) ? Parse(text)
            : Read(text);
    }

    /// <summary>Parses a text into values, or returns the error.</summary>
    internal (IReadOnlyList<object?>? Values, string? Error) Read(string text)
    {
        if (ManyToMany is not null)
        {
            var keys = LinkedRows
                .SplitKeys(text)
                .Select(line => RowKey.Parse(line, Target!.FindPrimaryKey()!.Properties))
                .ToList();
            return keys.Count > LinkedRows.MaxPosted ? (null, $"Select at most {LinkedRows.MaxPosted} rows.")
                : keys.Contains(null) ? (null, "This row does not exist.")
                : (keys, null);
        }
        if (Kind == InputKind.Relation)
        {
            if (text.Length == 0)
                return CanBeNull ? ([.. columns.Select(_ => (object?)null)], null) : (null, "Choose one.");
            return RowKey.Parse(text, Relation!.ForeignKey.PrincipalKey.Properties) is { } key
                ? (key, null)
                : (null, "This row does not exist.");
        }
        // Browsers send line breaks as CRLF.
        return Parse(text.Replace("\r\n", "\n"));
    }

    (IReadOnlyList<object?>? Values, string? Error) Parse(string text)
    {
        if (text.Length == 0 && CanBeNull)
            return ([null], null);
        if (Kind == InputKind.Json && !IsStorableJson(text))
            return (null, "This is not valid JSON.");
        if (!TypedText.TryParse(Type, text, out var value))
            return (null, text.Length == 0 ? "This field is required." : ParseError);
        if (value is string { Length: var length } && length > MaxLength)
            return (null, $"At most {MaxLength} characters; this has {length}.");
        return ([value], null);
    }

    /// <summary>Sets the values.</summary>
    internal void Set(EntityEntry entry, IReadOnlyList<object?> values)
    {
        if (owned.Count == 0)
        {
            for (var i = 0; i < columns.Count; i++)
                entry.Property(columns[i]).CurrentValue = values[i];
            return;
        }
        var instance = entry.Entity;
        foreach (var step in owned)
        {
            var property = step.PropertyInfo!;
            var next = property.GetValue(instance);
            if (next is null)
            {
                if (values[0] is null)
                    return;
                next = Activator.CreateInstance(step.TargetEntityType.ClrType, nonPublic: true)!;
                property.SetValue(instance, next);
            }
            instance = next;
        }
        columns[0].PropertyInfo!.SetValue(instance, values[0]);
    }

    /// <summary>Whether a text equals the current value, ignoring differences in line breaks and formatting.</summary>
    internal bool IsSame(string text, string current) =>
        string.Equals(text, current, StringComparison.Ordinal)
        || text.ReplaceLineEndings("\n") == current.ReplaceLineEndings("\n")
        || (
            ManyToMany is not null
            && LinkedRows.SplitKeys(text).ToHashSet(StringComparer.Ordinal).SetEquals(LinkedRows.SplitKeys(current))
        )
        || (
            Kind is InputKind.DateTime or InputKind.Number
            && TypedText.TryParse(Type, text, out var textValue)
            && TypedText.TryParse(Type, current, out var currentValue)
            && Equals(textValue, currentValue)
        );

    /// <summary>
    /// The text to show after a conflict: the posted value. For many-to-many fields, the current rows with the user's
    /// additions and removals applied.
    /// </summary>
    internal string Merge(string posted, string original, string current)
    {
        if (ManyToMany is null)
            return posted;
        var (before, after) = (LinkedRows.SplitKeys(original), LinkedRows.SplitKeys(posted));
        return LinkedRows.JoinKeys(
            LinkedRows.SplitKeys(current).Except(before.Except(after)).Union(after.Except(before))
        );
    }

    /// <summary>The hint below the input.</summary>
    public string Hint
    {
        get
        {
            var hint = Kind switch
            {
                InputKind.DateTime => "UTC, like 2026-03-14 15:09. ",
                InputKind.List => "One value per line. ",
                InputKind.Json => "JSON. ",
                InputKind.ManyRelations => "Select any number. ",
                _ => "",
            };
            if (MaxLength is not null && Kind is InputKind.Text or InputKind.LongText)
                hint += $"At most {MaxLength:N0} characters. ";
            return CanBeNull ? hint + "Optional." : hint.TrimEnd();
        }
    }

    object?[] GetValues(EntityEntry entry)
    {
        if (owned.Count == 0)
            return [.. columns.Select(column => entry.Property(column).CurrentValue)];
        object? instance = entry.Entity;
        foreach (var step in owned)
            instance = instance is null ? null : step.PropertyInfo!.GetValue(instance);
        return [instance is null ? null : columns[0].PropertyInfo!.GetValue(instance)];
    }

    string ParseError =>
        Kind switch
        {
            InputKind.Number => "Enter a number in the allowed range.",
            InputKind.DateTime => "Enter a date and time like 2026-03-14 15:09.",
            InputKind.Date => "Enter a date like 2026-03-14.",
            InputKind.Choice => "Choose one of the values.",
            InputKind.Text or InputKind.LongText => Type.UnwrapNullable() == typeof(string)
                ? "This contains a character that cannot be stored."
                : "This is not a valid value.",
            _ => "This is not a valid value.",
        };

    static bool IsJson(IProperty column) =>
        column.ClrType == typeof(string) && column.FindRelationalTypeMapping()?.StoreType is "jsonb" or "json";

    static bool IsStorableJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return TypedText.IsStorable(text) && !text.Contains("\\u0000", StringComparison.Ordinal);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static InputKind KindOf(IProperty column)
    {
        var type = column.ClrType.UnwrapNullable();
        return IsJson(column) ? InputKind.Json
            : type == typeof(string)
                ? column.GetMaxLength() is null or > 300 ? InputKind.LongText
                    : InputKind.Text
            : type == typeof(bool) && column.ClrType == typeof(bool) ? InputKind.Checkbox
            : type == typeof(bool) || type.IsEnum ? InputKind.Choice
            : TypedText.IsNumber(type) ? InputKind.Number
            : type == typeof(DateTimeOffset) || type == typeof(DateTime) ? InputKind.DateTime
            : type == typeof(DateOnly) ? InputKind.Date
            : TypedText.Element(type) is not null ? InputKind.List
            : InputKind.Text;
    }
}
