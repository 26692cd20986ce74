using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Values;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>A filter of a list.</summary>
public sealed class Filter
{
    internal Filter(Field field) => Field = field;

    /// <summary>The column.</summary>
    public Field Field { get; }

    /// <summary>The name in URLs.</summary>
    public string Name => Field.Name;

    /// <summary>The values to offer, each with its row count.</summary>
    public IReadOnlyList<string> Choices { get; internal set; } = [];

    /// <summary>The comparisons that the column's type supports.</summary>
    /// <param name="isSmall">Whether the table is small enough for substring matches and "not linked", which no index
    /// supports.</param>
    internal IReadOnlyList<Comparison> Comparisons(bool isSmall)
    {
        if (Field.ManyToMany is not null)
            return isSmall ? [Comparison.Is, Comparison.Empty] : [Comparison.Is];
        var plain = Field.Type.UnwrapNullable();
        var comparisons = new List<Comparison>();
        if (plain == typeof(string) && isSmall)
            comparisons.Add(Comparison.Has);
        if (TypedText.Element(plain) is null && plain != typeof(byte[]))
            comparisons.Add(Comparison.Is);
        if (TypedText.IsDate(plain))
            comparisons.Add(Comparison.On);
        if (TypedText.IsNumber(plain) || TypedText.IsTime(plain))
            comparisons.AddRange([Comparison.From, Comparison.To]);
        if (plain == typeof(string) || Field.Property?.IsNullable == true || Field.Navigations.Count > 0)
            comparisons.Add(Comparison.Empty);
        return comparisons;
    }

    /// <summary>Whether rows of a many-to-many relation are searched and picked instead of typing a value.</summary>
    public bool IsPicked => Field.ManyToMany is not null;

    /// <summary>Whether a value can be typed in addition to the offered values.</summary>
    public bool IsTyped =>
        !IsPicked && Field.Type.UnwrapNullable() != typeof(bool) && !Field.Type.UnwrapNullable().IsEnum;

    /// <summary>The values to offer, each with its row count.</summary>
    internal IReadOnlyList<string> Offered =>
        Choices.Count > 0 ? Choices
        : Field.Type.UnwrapNullable() == typeof(bool) ? ["true", "false"]
        : Field.Type.UnwrapNullable().IsEnum ? Enum.GetNames(Field.Type.UnwrapNullable())
        : [];
}

/// <summary>How a column is compared with the requested values.</summary>
public enum Comparison
{
    /// <summary>Equals one of the values; for a many-to-many relation, is linked with one of them.</summary>
    Is,

    /// <summary>Contains the text, ignoring case.</summary>
    Has,

    /// <summary>Is greater than or equal to the value.</summary>
    From,

    /// <summary>Is less than or equal to the value; a date includes the whole day.</summary>
    To,

    /// <summary>Is within the year, month or day.</summary>
    On,

    /// <summary>Is null or empty, or not linked with any row.</summary>
    Empty,
}
