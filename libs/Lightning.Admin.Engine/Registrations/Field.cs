using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>A displayed value of a row: a column, a column of a related row, or a computed expression.</summary>
public sealed class Field
{
    Func<object?, string?>? show;

    internal Field(LambdaExpression read, string? title = null, Func<object?, string?>? show = null)
    {
        Read = read;
        this.show = show;
        Path = read.Path();
        Name = Path is null
            ? Camel(
                title
                    ?? throw new ArgumentException(
                        $"{read} is not a plain member path: give it a title with Column(\"…\", …).",
                        nameof(read)
                    )
            )
            : string.Join('.', Path.Select(member => JsonNamingPolicy.CamelCase.ConvertName(member.Name)));
        Title = title ?? TypedText.Words(Name);
    }

    /// <summary>The name in URLs, forms and files.</summary>
    public string Name { get; }

    /// <summary>The display name.</summary>
    public string Title { get; }

    /// <summary>The type of the value.</summary>
    public Type Type => Read.WithoutBoxing().Type;

    /// <summary>Whether the value is computed; computed fields cannot be sorted, filtered or written.</summary>
    public bool IsComputed => Property is null;

    internal LambdaExpression Read { get; }

    internal IReadOnlyList<MemberInfo>? Path { get; }

    /// <summary>The mapped column at the end of the path; null if the field is computed.</summary>
    internal IProperty? Property { get; private set; }

    /// <summary>The navigations on the path, before the column.</summary>
    internal IReadOnlyList<INavigation> Navigations { get; private set; } = [];

    /// <summary>The many-to-many navigation at the end of the path; null if it ends in anything else.</summary>
    internal ISkipNavigation? ManyToMany { get; private set; }

    /// <summary>
    /// The navigation to the row that the field refers to: of a single-column foreign key, or at the end of the path;
    /// null if it refers to none.
    /// </summary>
    internal INavigation? Reference { get; private set; }

    /// <summary>The last navigation to a non-owned entity; null if the field belongs to the row itself.</summary>
    internal INavigation? Related => Navigations.LastOrDefault(step => !step.TargetEntityType.IsOwned());

    /// <summary>Whether the column is in the row's own table, so that an index of that table can serve it.</summary>
    internal bool IsOwn => Property is not null && Related is null;

    /// <summary>Formats a value for display.</summary>
    public string Show(object? value) =>
        show is not null && value is not null ? show(value) ?? "–" : TypedText.Display(value);

    /// <summary>Formats values like a column that shows the same value, unless this field has a format.</summary>
    internal void FormatLike(Field column) => show ??= column.show;

    /// <summary>Resolves the path in the EF model.</summary>
    internal void Bind(IEntityType entity)
    {
        if (Path is null)
            return;
        var through = new List<INavigation>();
        IEntityType? at = entity;
        foreach (var step in Path.SkipLast(1))
        {
            if (at?.FindNavigation(step.Name) is not { IsCollection: false } navigation)
                return;
            through.Add(navigation);
            at = navigation.TargetEntityType;
        }
        (Property, ManyToMany, Navigations) = (
            at.FindProperty(Path[^1].Name),
            at.FindSkipNavigation(Path[^1].Name),
            through
        );
        if (through.Count == 0 && ManyToMany is null)
            Reference = Property is null
                ? entity.FindNavigation(Path[^1].Name) is { IsOnDependent: true } reference
                && !reference.TargetEntityType.IsOwned()
                    ? reference
                    : null
                : Property
                    .GetContainingForeignKeys()
                    .FirstOrDefault(key => key.Properties.Count == 1)
                    ?.DependentToPrincipal;
    }

    static string Camel(string title) =>
        string.Concat(
            title
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(
                    (word, index) =>
                        index == 0
                            ? word.ToLowerInvariant()
                            : char.ToUpperInvariant(word[0]) + word[1..].ToLowerInvariant()
                )
        );
}
