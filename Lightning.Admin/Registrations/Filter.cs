using Lightning.Admin.Values;

namespace Lightning.Admin.Registrations;

/// <summary>What a list can be narrowed by, and how.</summary>
public sealed class Filter
{
    internal Filter(Field field) => Field = field;

    /// <summary>The column.</summary>
    public Field Field { get; }

    /// <summary>Its name in addresses.</summary>
    public string Name => Field.Name;

    /// <summary>The values that are offered, where there are few; each is shown with how many rows it leaves.</summary>
    public IReadOnlyList<string> Choices { get; internal set; } = [];

    /// <summary>Values by which it can be narrowed; every comparison that its type has.</summary>
    /// <param name="isSmall">Whether the table is so small that parts of texts can be looked for, and rows that are linked with none: no index knows either.</param>
    internal IReadOnlyList<Comparison> Comparisons(bool isSmall)
    {
        if (Field.Links is not null) return isSmall ? [Comparison.Is, Comparison.Empty] : [Comparison.Is];
        var plain = Field.Type.NotNull();
        var comparisons = new List<Comparison>();
        if (plain == typeof(string) && isSmall) comparisons.Add(Comparison.Has);
        if (TypedText.Element(plain) is null && plain != typeof(byte[])) comparisons.Add(Comparison.Is);
        if (TypedText.IsDate(plain)) comparisons.Add(Comparison.On);
        if (TypedText.IsNumber(plain) || TypedText.IsTime(plain)) comparisons.AddRange([Comparison.From, Comparison.To]);
        if (plain == typeof(string) || Field.Property?.IsNullable == true || Field.Through.Count > 0) comparisons.Add(Comparison.Empty);
        return comparisons;
    }

    /// <summary>Whether what is chosen is rows, which are searched for: those that a row is linked with.</summary>
    public bool IsPicked => Field.Links is not null;

    /// <summary>Whether a value can be filled in, beside those that are offered.</summary>
    public bool IsTyped => !IsPicked && Field.Type.NotNull() != typeof(bool) && !Field.Type.NotNull().IsEnum;

    /// <summary>The values that are offered with a count each.</summary>
    internal IReadOnlyList<string> Offered => Choices.Count > 0 ? Choices
        : Field.Type.NotNull() == typeof(bool) ? ["true", "false"]
        : Field.Type.NotNull().IsEnum ? Enum.GetNames(Field.Type.NotNull()) : [];
}

/// <summary>How a value is held against what was asked for.</summary>
public enum Comparison
{
    /// <summary>It is the value, or one of several; of rows that it is linked with, they are among them.</summary>
    Is,

    /// <summary>The text is somewhere in it, however its letters are written.</summary>
    Has,

    /// <summary>It is the value or beyond.</summary>
    From,

    /// <summary>It is the value or before; a day counts to its end.</summary>
    To,

    /// <summary>It is in that year, month or day.</summary>
    On,

    /// <summary>It has none, or is linked with none.</summary>
    Empty,
}
