using System.Reflection;
using System.Text.Json;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Forms;

/// <summary>How a field is filled in.</summary>
public enum InputKind
{
    /// <summary>A line.</summary>
    Text,

    /// <summary>Lines.</summary>
    LongText,

    /// <summary>A value a line.</summary>
    List,

    /// <summary>A JSON document.</summary>
    Json,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A tick.</summary>
    Check,

    /// <summary>One of a few.</summary>
    Choice,

    /// <summary>A moment, in UTC.</summary>
    Moment,

    /// <summary>A day.</summary>
    Day,

    /// <summary>A row that is searched for.</summary>
    Relation,

    /// <summary>Rows that are searched for, as many as one likes.</summary>
    Relations,
}

/// <summary>Something of a row that a form can write: a column, a column of an owned object, which row it is related to, or which rows it is linked with.</summary>
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
        (Name, Title, owned, columns, Links) = (field.Name, field.Title, [], [], links);
        (CanBeNull, Type, Kind) = (true, typeof(string), InputKind.Relations);
    }

    /// <summary>Its name in forms and files.</summary>
    public string Name { get; }

    /// <summary>Its name for people.</summary>
    public string Title { get; }

    /// <summary>How it is filled in.</summary>
    public InputKind Kind { get; }

    /// <summary>Whether it can be left open.</summary>
    public bool CanBeNull { get; }

    /// <summary>The longest text, in characters.</summary>
    public int? MaxLength { get; }

    /// <summary>The values of a choice.</summary>
    public IReadOnlyList<string> Choices => Type.NotNull() == typeof(bool) ? ["true", "false"] : Type.NotNull().IsEnum ? Enum.GetNames(Type.NotNull()) : [];

    internal Type Type { get; }

    internal INavigation? Relation { get; }

    /// <summary>The rows that it is linked with, by a table between them.</summary>
    internal ISkipNavigation? Links { get; }

    /// <summary>What a related row is.</summary>
    internal IEntityType? Target => Relation?.TargetEntityType ?? Links?.TargetEntityType;

    /// <summary>The names that a policy may know it by, any of which suffices.</summary>
    internal IEnumerable<string> PolicyNames => Links is not null ? [Links.Name] : owned.Count > 0 ? [owned[0].Name] : Relation is not null ? columns.Select(column => column.Name).Prepend(Relation.Name) : [columns[0].Name];

    /// <summary>The columns that hold it.</summary>
    internal IReadOnlyList<IProperty> Columns => columns;

    internal static FormField? Of(IEntityType table, Field field)
    {
        if (field.Links is { } links) return field.Through.Count == 0 ? new(field, links) : null;
        if (field.Property is { } column)
        {
            var through = field.Through;
            if (through.Any(step => !step.TargetEntityType.IsOwned()) || (!TypedText.Knows(column.ClrType) && !IsJson(column))) return null;
            // A foreign key of one column is picked as the row that it leads to.
            var leads = through.Count == 0 ? column.GetContainingForeignKeys().FirstOrDefault(key => key.Properties.Count == 1)?.DependentToPrincipal : null;
            return new(field, through, [column], leads);
        }
        return field.Path is [var member] && table.FindNavigation(member.Name) is { IsOnDependent: true, TargetEntityType: var target } navigation && !target.IsOwned()
            ? new(field, [], navigation.ForeignKey.Properties, navigation) : null;
    }

    /// <summary>The value that a row has, as text. Which rows it is linked with the row itself does not know.</summary>
    internal string Text(EntityEntry entry)
    {
        if (Links is not null) return "";
        var values = Values(entry);
        return Kind == InputKind.Relation ? values.Any(value => value is null) ? "" : RowKey.Write(values) : TypedText.Write(values[0]);
    }

    /// <summary>The value that a row has, of the first of its columns.</summary>
    internal object? Value(EntityEntry entry) => Links is null ? Values(entry)[0] : null;

    /// <summary>The values that a text means, or what is wrong with it.</summary>
    internal (IReadOnlyList<object?>? Values, string? Fault) Read(string text)
    {
        if (Links is not null)
        {
            var keys = LinkedRows.Lines(text).Select(line => RowKey.Read(line, Target!.FindPrimaryKey()!.Properties)).ToList();
            return keys.Count > LinkedRows.MostSent ? (null, $"At most {LinkedRows.MostSent} at once.") : keys.Contains(null) ? (null, "There is no such row.") : (keys, null);
        }
        if (Kind == InputKind.Relation)
        {
            if (text.Length == 0) return CanBeNull ? ([.. columns.Select(_ => (object?)null)], null) : (null, "Choose one.");
            return RowKey.Read(text, Relation!.ForeignKey.PrincipalKey.Properties) is { } key ? (key, null) : (null, "There is no such row.");
        }
        // Browsers send every line end as two characters.
        text = text.Replace("\r\n", "\n");
        if (text.Length == 0 && CanBeNull) return ([null], null);
        if (Kind == InputKind.Json && !IsDocument(text)) return (null, "This is no JSON document.");
        if (!TypedText.TryRead(Type, text, out var value)) return (null, text.Length == 0 ? "This cannot be left open." : Misunderstood);
        if (value is string { Length: var length } && length > MaxLength) return (null, $"At most {MaxLength} characters; these are {length}.");
        return ([value], null);
    }

    /// <summary>Writes it.</summary>
    internal void Set(EntityEntry entry, IReadOnlyList<object?> values)
    {
        if (owned.Count == 0)
        {
            for (var i = 0; i < columns.Count; i++) entry.Property(columns[i]).CurrentValue = values[i];
            return;
        }
        var at = entry.Entity;
        foreach (var step in owned)
        {
            var property = step.PropertyInfo!;
            var next = property.GetValue(at);
            if (next is null)
            {
                if (values[0] is null) return;
                next = Activator.CreateInstance(step.TargetEntityType.ClrType, nonPublic: true)!;
                property.SetValue(at, next);
            }
            at = next;
        }
        columns[0].PropertyInfo!.SetValue(at, values[0]);
    }

    /// <summary>Whether a text says what the row has already, whatever became of its line ends on the way.</summary>
    internal bool IsSame(string text, string now) => string.Equals(text, now, StringComparison.Ordinal)
        || text.ReplaceLineEndings("\n") == now.ReplaceLineEndings("\n")
        || (Links is not null && LinkedRows.Lines(text).ToHashSet(StringComparer.Ordinal).SetEquals(LinkedRows.Lines(now)))
        || (Kind is InputKind.Moment or InputKind.Number && TypedText.TryRead(Type, text, out var one) && TypedText.TryRead(Type, now, out var other) && Equals(one, other));

    /// <summary>What is in the field where somebody else has changed the row as well: what was filled in; of several rows, each as whoever changed it left it.</summary>
    internal string Merged(string mine, string seen, string now)
    {
        if (Links is null) return mine;
        var (were, are) = (LinkedRows.Lines(seen), LinkedRows.Lines(mine));
        return LinkedRows.Text(LinkedRows.Lines(now).Except(were.Except(are)).Union(are.Except(were)));
    }

    object?[] Values(EntityEntry entry)
    {
        if (owned.Count == 0) return [.. columns.Select(column => entry.Property(column).CurrentValue)];
        object? at = entry.Entity;
        foreach (var step in owned) at = at is null ? null : step.PropertyInfo!.GetValue(at);
        return [at is null ? null : columns[0].PropertyInfo!.GetValue(at)];
    }

    string Misunderstood => Kind switch
    {
        InputKind.Number => "This is no number that fits.",
        InputKind.Moment => "This is no moment: write it like 2026-03-14 15:09.",
        InputKind.Day => "This is no day: write it like 2026-03-14.",
        InputKind.Choice => "This is none of the values.",
        InputKind.Text or InputKind.LongText => Type.NotNull() == typeof(string) ? "Holds a character that cannot be stored." : "This is not understood.",
        _ => "This is not understood.",
    };

    static bool IsJson(IProperty column) => column.ClrType == typeof(string) && column.FindRelationalTypeMapping()?.StoreType is "jsonb" or "json";

    static bool IsDocument(string text)
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
        var plain = column.ClrType.NotNull();
        return IsJson(column) ? InputKind.Json
            : plain == typeof(string) ? column.GetMaxLength() is null or > 300 ? InputKind.LongText : InputKind.Text
            : plain == typeof(bool) && column.ClrType == typeof(bool) ? InputKind.Check
            : plain == typeof(bool) || plain.IsEnum ? InputKind.Choice
            : TypedText.IsNumber(plain) ? InputKind.Number
            : plain == typeof(DateTimeOffset) || plain == typeof(DateTime) ? InputKind.Moment
            : plain == typeof(DateOnly) ? InputKind.Day
            : TypedText.Element(plain) is not null ? InputKind.List : InputKind.Text;
    }
}
