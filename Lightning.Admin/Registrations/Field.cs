using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using Lightning.Admin.Values;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Registrations;

/// <summary>Something of a row that the site shows: a column, one of a related row, or what is computed of them.</summary>
public sealed class Field
{
    readonly Func<object?, string?>? show;

    internal Field(LambdaExpression read, string? title = null, Func<object?, string?>? show = null)
    {
        Read = read;
        this.show = show;
        Path = read.Path();
        Name = Path is null ? Camel(title ?? throw new ArgumentException($"{read} has no name of its own: give it a title by Column(\"…\", …).", nameof(read)))
            : string.Join('.', Path.Select(member => JsonNamingPolicy.CamelCase.ConvertName(member.Name)));
        Title = title ?? TypedText.Words(Name);
    }

    /// <summary>Its name in addresses, forms and files.</summary>
    public string Name { get; }

    /// <summary>Its name for people.</summary>
    public string Title { get; }

    /// <summary>The type of its values.</summary>
    public Type Type => Read.Unboxed().Type;

    /// <summary>Whether it is computed, and so neither sorted, filtered nor written.</summary>
    public bool IsComputed => Property is null;

    internal LambdaExpression Read { get; }

    internal IReadOnlyList<MemberInfo>? Path { get; }

    /// <summary>The mapped column at the end of the path; null where it is computed.</summary>
    internal IProperty? Property { get; private set; }

    /// <summary>The rows that the path goes through, before the column.</summary>
    internal IReadOnlyList<INavigation> Through { get; private set; } = [];

    /// <summary>The rows at the end of the path that a row is linked with by a table between them; null where it is no such list.</summary>
    internal ISkipNavigation? Links { get; private set; }

    /// <summary>The related row that is shown, where it is one.</summary>
    internal INavigation? Related => Through.LastOrDefault(step => !step.TargetEntityType.IsOwned());

    /// <summary>Whether the column is in the row's own table, so that an index of that table may serve it.</summary>
    internal bool IsOwn => Property is not null && Related is null;

    /// <summary>Its value as a person reads it.</summary>
    public string Show(object? value) => show is not null && value is not null ? show(value) ?? "–" : TypedText.Show(value);

    /// <summary>Finds it in the model.</summary>
    internal void Find(IEntityType entity)
    {
        if (Path is null) return;
        var through = new List<INavigation>();
        IEntityType? at = entity;
        foreach (var step in Path.SkipLast(1))
        {
            if (at?.FindNavigation(step.Name) is not { IsCollection: false } navigation) return;
            through.Add(navigation);
            at = navigation.TargetEntityType;
        }
        (Property, Links, Through) = (at.FindProperty(Path[^1].Name), at.FindSkipNavigation(Path[^1].Name), through);
    }

    static string Camel(string title) =>
        string.Concat(title.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((word, place) => place == 0 ? word.ToLowerInvariant() : char.ToUpperInvariant(word[0]) + word[1..].ToLowerInvariant()));
}
