using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Lists;

/// <summary>Builds the queries of a list from its state: filters, search and order.</summary>
sealed class ListQuery<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    /// <summary>The rows that the actor can reach.</summary>
    public RowQuery<T> Rows => query;

    /// <summary>The list's search.</summary>
    public RowSearch<T> Search { get; } = new(registration, request, query);

    /// <summary>Filters by many-to-many relations.</summary>
    public LinkFilter Links { get; } = new(request, new(request.Site, request.Actor));

    /// <summary>The rows of a list, unordered.</summary>
    /// <param name="state">The list's state.</param>
    /// <param name="without">The name of a filter to ignore, so that its own values can be counted; null for
    /// none.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <param name="among">The rows to filter; null for all readable rows.</param>
    public async Task<IQueryable<T>> FilterAsync(
        ListState state,
        string? without,
        CancellationToken cancellationToken,
        IQueryable<T>? among = null
    )
    {
        var rows = query.ApplySoftDelete(among ?? query.Rows(), state.Deleted);
        if (state.Errors.Count > 0)
            return rows.Where(_ => false);
        foreach (var by in state.Filters.Where(by => by.Field != without))
        {
            var field = registration.Filters.First(filter => filter.Name == by.Field).Field;
            rows = rows.Where(Expressions.Condition<T>(await ConditionAsync(field, by, cancellationToken)));
        }
        return await Search.SearchAsync(rows, state.Search, cancellationToken);
    }

    /// <summary>Builds the condition of a filter.</summary>
    public async Task<Func<Expression, Expression>> ConditionAsync(
        Field field,
        FilterBy by,
        CancellationToken cancellationToken
    ) =>
        field.ManyToMany is null
            ? row => FilterExpressions.Build(query.Value(field, row), by)
            : await Links.ConditionAsync(field, by, cancellationToken);

    /// <summary>
    /// Makes Postgres start at the join table when a large list is filtered by a linked row: it assumes that linked
    /// rows are spread evenly and would otherwise scan the whole table. Null if no hint is needed.
    /// </summary>
    public async Task<PlannerHints?> ForceNestedLoopsAsync(
        IEnumerable<FilterBy> filters,
        CancellationToken cancellationToken
    ) =>
        !registration.IsSmall
        && filters.Any(by =>
            by is { Comparison: Comparison.Is, Values.Count: 1 }
            && registration.Filters.Any(filter => filter.Name == by.Field && filter.IsPicked)
        )
            ? await PlannerHints.BeginAsync(request.Db, PlannerHints.NestedLoopsOnly, cancellationToken)
            : null;

    /// <summary>Counts rows, up to a cap.</summary>
    public static async Task<CappedCount> CountAsync(IQueryable<T> rows, CancellationToken cancellationToken) =>
        new(await rows.TakeAny(CappedCount.Cap + 1).CountAsync(cancellationToken));

    /// <summary>The sort columns of a list, followed by the primary key, which makes the order unique.</summary>
    public IReadOnlyList<OrderBy> Order(ListState state, ParameterExpression row) =>
        query.Order(
            state.Sort.Count > 0
                ?
                [
                    .. state.Sort.Select(sort =>
                        (
                            registration
                                .Columns.Concat(registration.Sorted)
                                .First(column => column.Name == sort.Column),
                            sort.Descends
                        )
                    ),
                ]
                : OwnOrder(state),
            row
        );

    /// <summary>
    /// The default order of a list. If a large list is filtered by a range, it is sorted by that column; if by "empty",
    /// that column comes first; if by a linked row, it is sorted by key. So one index provides both the filter and the
    /// order.
    /// </summary>
    List<(Field Field, bool Descends)> OwnOrder(ListState state)
    {
        if (!registration.IsSmall)
            foreach (var by in state.Filters)
            {
                var field = registration.Filters.First(filter => filter.Name == by.Field).Field;
                if (field.ManyToMany is not null && by is { Comparison: Comparison.Is, Values.Count: 1 })
                    return [];
                if (!registration.HasIndexOn(field, ordered: true))
                    continue;
                if (by.Comparison is Comparison.On or Comparison.From or Comparison.To)
                    return [(field, true)];
                if (by.Comparison == Comparison.Empty && by.Values[0] == "yes" && field.Type != typeof(string))
                    return [(field, true), .. registration.Ordered.Where(sort => sort.Field.Name != field.Name)];
            }
        return [.. registration.Ordered];
    }
}
