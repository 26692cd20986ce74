using System.Linq.Expressions;
using Lightning.Admin.Registrations;

namespace Lightning.Admin.Lists;

/// <summary>Values of rows as they are shown: as a person reads them, and with a link where they are a related row's, or the key of one.</summary>
sealed class Cells
{
    /// <summary>Of the rows that a row is linked with so many are shown.</summary>
    public const int MostLinked = 10;

    /// <summary>Where a list has several columns of linked rows, so many of all of them together are read for each row.</summary>
    public const int MostTogether = 50;
    readonly AdminRequest request;
    readonly IReadOnlyList<Field> columns;
    readonly List<(string Slug, IReadOnlyList<Expression> Key)?> links;
    readonly List<Registration?> referred;
    readonly Dictionary<Registration, IReadOnlyDictionary<object, string>> names = [];

    /// <summary>Values of these columns.</summary>
    /// <param name="registration">Whose they are.</param>
    /// <param name="request">Who asks.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="row">The row, in what is read of it.</param>
    /// <param name="together">How many linked rows of all columns together are read for each row.</param>
    public Cells(Registration registration, AdminRequest request, IReadOnlyList<Field> columns, ParameterExpression row, int together = MostTogether)
    {
        Most = MostOf(columns, MostLinked, together);
        (this.request, this.columns) = (request, columns);
        links = [.. columns.Select(column => Link(column, row))];
        referred = [.. columns.Select(column => registration.References.TryGetValue(column.Name, out var entity) ? request.Site.Of(entity) : null)];
    }

    /// <summary>Of the rows that a row is linked with so many are shown in each of these columns.</summary>
    public int Most { get; }

    /// <summary>How many linked rows each of several columns shows: the database gives those of one column with each of those of the other, so what all of them together cost is shared among them.</summary>
    public static int MostOf(IReadOnlyList<Field> columns, int most, int together)
    {
        var linked = columns.Count(column => column.Links is not null);
        return linked < 2 ? most : Math.Clamp((int)Math.Pow(together + 0.5, 1.0 / linked), 1, most);
    }

    /// <summary>What has to be read after the columns: the keys of the rows that they are values of.</summary>
    public IEnumerable<Expression> Keys => links.SelectMany(link => link?.Key ?? []);

    /// <summary>How many those are.</summary>
    public int KeyCount => links.Sum(link => link?.Key.Count ?? 0);

    /// <summary>Finds the names of the rows that columns are keys of: one query for each kind of row, and none where there are none.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="from">Where their columns begin.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task FindNamesAsync(IReadOnlyList<object?[]> rows, int from, CancellationToken cancellationToken)
    {
        foreach (var column in referred.Select((target, place) => (Target: target, Place: place)).Where(column => column.Target is not null).GroupBy(column => column.Target!))
        {
            var keys = column.SelectMany(of => rows.Select(row => row[from + of.Place])).OfType<object>().Distinct().ToList();
            if (keys.Count > 0) names[column.Key] = await column.Key.Open(request).NamesAsync(keys, cancellationToken);
        }
    }

    /// <summary>The columns of a row.</summary>
    /// <param name="row">What was read of it.</param>
    /// <param name="from">Where its columns begin; the keys come after them.</param>
    public IReadOnlyList<Cell> Of(object?[] row, int from)
    {
        var (cells, at) = (new List<Cell>(columns.Count), from + columns.Count);
        for (var i = 0; i < columns.Count; i++)
        {
            var value = row[from + i];
            if (columns[i].Links is { } linked)
            {
                var (slug, rows) = (request.Site.Of(linked.TargetEntityType.ClrType)!.Slug, Linked(request.Site, columns[i], value, Most));
                cells.Add(new(value, rows.Count == 0 ? columns[i].Show(null) : string.Join(", ", rows.Select(one => one.Name)), null)
                {
                    Rows = [.. rows.Select(one => new Cell(null, one.Name, one.Key.Length == 0 ? null : $"/{slug}/{one.Key}"))],
                });
                continue;
            }
            var (text, target) = (columns[i].Show(value), (string?)null);
            if (links[i] is { } link)
            {
                var key = row[at..(at + link.Key.Count)];
                at += link.Key.Count;
                if (key.All(part => part is not null)) target = $"/{link.Slug}/{RowKey.Write(key)}";
            }
            else if (value is not null && referred[i] is { } other)
            {
                if (names[other].TryGetValue(value, out var name)) (text, target) = (name, $"/{other.Slug}/{RowKey.Write([value])}");
                // The row's own key says nothing of another row where there is none of it.
                else if (columns[i].Property?.IsPrimaryKey() == true) text = columns[i].Show(null);
            }
            cells.Add(new(value, text, target));
        }
        return cells;
    }

    /// <summary>Rows that a row is linked with, by key and name; where there are more, one that says so and has no key.</summary>
    public static IReadOnlyList<Choice> Linked(AdminSite site, Field column, object? value, int most)
    {
        var (target, rows) = (site.Of(column.Links!.TargetEntityType.ClrType)!, (IReadOnlyList<object?[]>)value!);
        var shown = rows.Take(most).Select(one => new Choice(RowKey.Write(one[..^1]), target.NamedBy!.Show(one[^1]))).OrderBy(one => one.Name, StringComparer.OrdinalIgnoreCase);
        return [.. shown, .. rows.Count > most ? [new Choice("", "…")] : Array.Empty<Choice>()];
    }

    /// <summary>The related row that a column is a value of, where it has a page.</summary>
    (string Slug, IReadOnlyList<Expression> Key)? Link(Field column, ParameterExpression row)
    {
        if (column.Related is not { } related || column.Path is null || request.Site.Of(related.TargetEntityType.ClrType) is not { } target) return null;
        var reads = new ScopedReads(request.Site, request.Actor);
        Expression at = row;
        foreach (var step in column.Through.TakeWhile(step => step != related).Append(related)) at = Expression.Property(at, step.PropertyInfo!);
        return target.Key.All(key => key.PropertyInfo is not null)
            ? (target.Slug, [.. target.Key.Select(key => reads.Member(Expression.Property(at, key.PropertyInfo!)))]) : null;
    }
}
