using System.Linq.Expressions;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;

namespace Lightning.Admin.Engine.Lists;

/// <summary>Formats row values for display and links the values and keys of related rows.</summary>
sealed class Cells
{
    /// <summary>The maximum number of linked rows shown per field.</summary>
    public const int MaxLinked = ScopedReads.MaxLinked;

    /// <summary>The maximum number of linked rows read per row if a list has several many-to-many columns.</summary>
    public const int MaxLinkedTogether = 50;
    readonly AdminRequest request;
    readonly IReadOnlyList<Field> columns;
    readonly List<(string Slug, IReadOnlyList<Expression> Key)?> links;
    readonly List<Registration?> referred;
    readonly Dictionary<Registration, IReadOnlyDictionary<object, string>> names = [];

    /// <summary>Prepares the display of some columns.</summary>
    /// <param name="registration">The rows' registration.</param>
    /// <param name="request">The request.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="row">The row parameter of the query.</param>
    /// <param name="together">The maximum number of linked rows read per row, over all columns.</param>
    public Cells(
        Registration registration,
        AdminRequest request,
        IReadOnlyList<Field> columns,
        ParameterExpression row,
        int together = MaxLinkedTogether
    )
    {
        Most = MaxLinkedOf(columns, MaxLinked, together);
        (this.request, this.columns) = (request, columns);
        links = [.. columns.Select(column => Link(column, row))];
        referred =
        [
            .. columns.Select(column =>
                registration.References.TryGetValue(column.Name, out var entity) ? request.Site.Of(entity) : null
            ),
        ];
    }

    /// <summary>The maximum number of linked rows shown in each of these columns.</summary>
    public int Most { get; }

    /// <summary>
    /// The number of linked rows per column: the join multiplies the columns' rows, so the total is shared among them.
    /// </summary>
    public static int MaxLinkedOf(IReadOnlyList<Field> columns, int most, int together)
    {
        var linked = columns.Count(column => column.ManyToMany is not null);
        return linked < 2 ? most : Math.Clamp((int)Math.Pow(together + 0.5, 1.0 / linked), 1, most);
    }

    /// <summary>The keys of related rows, to be selected after the columns.</summary>
    public IEnumerable<Expression> Keys => links.SelectMany(link => link?.Key ?? []);

    /// <summary>The number of <see cref="Keys"/>.</summary>
    public int KeyCount => links.Sum(link => link?.Key.Count ?? 0);

    /// <summary>Loads the names of the rows that key columns refer to, with at most one query per entity.</summary>
    /// <param name="rows">The selected values of each row.</param>
    /// <param name="from">The index of the first column.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task FindNamesAsync(IReadOnlyList<object?[]> rows, int from, CancellationToken cancellationToken)
    {
        foreach (
            var column in referred
                .Select((target, index) => (Target: target, Index: index))
                .Where(column => column.Target is not null)
                .GroupBy(column => column.Target!)
        )
        {
            var keys = column
                .SelectMany(of => rows.Select(row => row[from + of.Index]))
                .OfType<object>()
                .Distinct()
                .ToList();
            if (keys.Count > 0)
                names[column.Key] = await RowLookup.Create(column.Key, request).NamesAsync(keys, cancellationToken);
        }
    }

    /// <summary>Formats the columns of a row.</summary>
    /// <param name="row">The selected values.</param>
    /// <param name="from">The index of the first column; the keys follow the columns.</param>
    public IReadOnlyList<Cell> Of(object?[] row, int from)
    {
        var (cells, at) = (new List<Cell>(columns.Count), from + columns.Count);
        for (var i = 0; i < columns.Count; i++)
        {
            var value = row[from + i];
            if (columns[i].ManyToMany is { } linked)
            {
                var (slug, rows) = (
                    request.Site.Of(linked.TargetEntityType.ClrType)!.Slug,
                    Linked(request.Site, columns[i], value, Most)
                );
                cells.Add(
                    new(
                        value,
                        rows.Count == 0 ? columns[i].Show(null) : string.Join(", ", rows.Select(one => one.Name)),
                        null
                    )
                    {
                        Rows =
                        [
                            .. rows.Select(one => new Cell(
                                null,
                                one.Name,
                                one.Key.Length == 0 ? null : $"/{slug}/{one.Key}"
                            )),
                        ],
                    }
                );
                continue;
            }
            var (text, target) = (columns[i].Show(value), (string?)null);
            if (links[i] is { } link)
            {
                var key = row[at..(at + link.Key.Count)];
                at += link.Key.Count;
                if (key.All(part => part is not null))
                    target = $"/{link.Slug}/{RowKey.Format(key)}";
            }
            else if (value is not null && referred[i] is { } other)
            {
                if (names[other].TryGetValue(value, out var name))
                    (text, target) = (name, $"/{other.Slug}/{RowKey.Format([value])}");
                // A row's own key as a reference: there is no other row, so nothing is shown.
                else if (columns[i].Property?.IsPrimaryKey() == true)
                    text = columns[i].Show(null);
            }
            cells.Add(new(value, text, target));
        }
        return cells;
    }

    /// <summary>
    /// The linked rows by key and name; if there are more, the last has an empty key and an ellipsis.
    /// </summary>
    public static IReadOnlyList<Choice> Linked(AdminSite site, Field column, object? value, int most)
    {
        var (target, rows) = (site.Of(column.ManyToMany!.TargetEntityType.ClrType)!, (IReadOnlyList<object?[]>)value!);
        var shown = rows.Take(most)
            .Select(one => new Choice(RowKey.Format(one[..^1]), target.NamedBy!.Show(one[^1])))
            .OrderBy(one => one.Name, StringComparer.OrdinalIgnoreCase);
        return [.. shown, .. rows.Count > most ? [new Choice("", "…")] : Array.Empty<Choice>()];
    }

    /// <summary>The related row that a column belongs to, if it has a page.</summary>
    (string Slug, IReadOnlyList<Expression> Key)? Link(Field column, ParameterExpression row)
    {
        if (
            column.Related is not { } related
            || column.Path is null
            || request.Site.Of(related.TargetEntityType.ClrType) is not { } target
        )
            return null;
        var reads = new ScopedReads(request.Site, request.Actor);
        Expression at = row;
        foreach (var step in column.Navigations.TakeWhile(step => step != related).Append(related))
            at = Expression.Property(at, step.PropertyInfo!);
        return target.Key.All(key => key.PropertyInfo is not null)
            ? (target.Slug, [.. target.Key.Select(key => reads.Member(Expression.Property(at, key.PropertyInfo!)))])
            : null;
    }
}
