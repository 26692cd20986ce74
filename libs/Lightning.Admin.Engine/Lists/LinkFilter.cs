using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Lightning.Admin.Engine.Lists;

/// <summary>
/// Filters rows by a many-to-many relation. Rows that the actor may not read count as not linked, whether requested by
/// key or counted as "not empty".
/// </summary>
sealed class LinkFilter(AdminRequest request, ScopedReads reads)
{
    /// <summary>The maximum number of rows of a small table that the filter offers.</summary>
    const int MaxOffered = 20;
    readonly Dictionary<(Type Target, string Key), string?> names = [];

    /// <summary>Builds the condition of a filter.</summary>
    public async Task<Func<Expression, Expression>> ConditionAsync(
        Field field,
        FilterBy by,
        CancellationToken cancellationToken
    )
    {
        var links = field.ManyToMany!;
        if (by.Comparison == Comparison.Empty)
            return row =>
                reads.AnyLinked(field.Read, row, links, _ => Expression.Constant(true)) is var any
                && by.Values[0] == "yes"
                    ? Expression.Not(any)
                    : any;
        // Checked in advance, so that the condition is on the join table alone and one index provides the rows in
        // order.
        var readable = (await NamedAsync(links, by.Values, cancellationToken))
            .Where(one => one.Name is not null)
            .Select(one => RowKey.Parse(one.Key, Of(links).Key)!)
            .ToList();
        return row => readable.Count == 0 ? Expression.Constant(false) : IsLinked(row, links, readable);
    }

    /// <summary>The rows offered without a search: the selected ones, and the first rows of a small table.</summary>
    public async Task<IReadOnlyList<Choice>> OfferAsync(
        Filter filter,
        ListState state,
        CancellationToken cancellationToken
    )
    {
        var links = filter.Field.ManyToMany!;
        var first = Of(links).IsSmall
            ? await RowLookup.Create(Of(links), request).PickAsync("", MaxOffered, cancellationToken)
            : [];
        var chosen = await NamedAsync(links, state.ValuesOf(filter.Name, Comparison.Is), cancellationToken);
        return
        [
            .. chosen
                .Where(one => first.All(other => other.Key != one.Key))
                .Select(one => new Choice(one.Key, one.Name ?? Choice.NotVisible)),
            .. first,
        ];
    }

    /// <summary>The names of the requested rows; null where the actor may not read the row.</summary>
    public async Task<IReadOnlyList<(string Key, string? Name)>> NamedAsync(
        ISkipNavigation links,
        IReadOnlyList<string> keys,
        CancellationToken cancellationToken
    )
    {
        var target = Of(links);
        var unknown = keys.Where(key => !names.ContainsKey((target.Entity, key))).ToList();
        if (unknown.Count > 0)
        {
            var found = await RowLookup.Create(target, request).NamedAsync(unknown, cancellationToken);
            foreach (var key in unknown)
                names[(target.Entity, key)] = found.GetValueOrDefault(key);
        }
        return [.. keys.Select(key => (key, names[(target.Entity, key)]))];
    }

    /// <summary>True if the join table contains a row for both.</summary>
    MethodCallExpression IsLinked(Expression row, ISkipNavigation links, IReadOnlyList<object[]> keys)
    {
        var (link, here, there) = (
            Expression.Parameter(links.JoinEntityType.ClrType, "link"),
            links.ForeignKey,
            links.Inverse.ForeignKey.Properties
        );
        var condition = here
            .Properties.Zip(
                here.PrincipalKey.Properties,
                (column, key) =>
                    (Expression)Expression.Equal(Property(link, column), Property(row, key).ConvertTo(column.ClrType))
            )
            .Append(
                keys is [var only]
                    ? Expressions.AreEqual(link, there, only)
                    : Expressions.MatchesAnyKey(link, there, keys)
            )
            .Aggregate(Expression.AndAlso);
        IQueryable joinRows = request.Db.Set<Dictionary<string, object>>(links.JoinEntityType.Name);
        return Expression.Call(
            typeof(Queryable),
            nameof(Queryable.Any),
            [link.Type],
            joinRows.Expression,
            Expression.Quote(Expression.Lambda(condition, link))
        );

        static Expression Property(Expression of, IProperty column) =>
            Expressions.Property(of, column.ClrType, column.Name);
    }

    Registration Of(ISkipNavigation links) => request.Site.Of(links.TargetEntityType.ClrType)!;
}
