using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Lists;

/// <summary>Reads pages and counts of lists.</summary>
sealed class ListReader<T>(AdminFor<T> registration, AdminRequest request, ListQuery<T> list)
    where T : class
{
    /// <summary>
    /// The maximum number of linked rows per field in an export; an ellipsis shows that there are more.
    /// </summary>
    const int MaxLinked = 1000;

    readonly RowQuery<T> query = list.Rows;
    readonly Policy<T> policy = request.Site.PolicyOf<T>();

    /// <summary>Reads a page, plus one row to see whether another page follows. Nothing is counted.</summary>
    public async Task<ListPage> ReadAsync(
        ListState state,
        CancellationToken cancellationToken,
        Func<Expression, Expression>? also = null
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        var columns = Shown(state);
        if (state.Errors.Count > 0)
            return new(columns, [], null, null);
        var order = list.Order(state, row);
        var cursor = PageCursor.Read(state.Cursor, order);
        if (state.Cursor is not null && cursor is null)
            return new(columns, [], null, null) { Error = "This page does not exist: start at the first page." };
        var cells = new Cells(registration, request, columns, row);
        var acts = registration.Actions;
        var found =
            state.IsAsRegistered && also is null
                ? await request
                    .Site.Queries.RunAsync(
                        request.Db,
                        new PolicyQuery<T, object?[]>(
                            policy,
                            Verb.Read,
                            (registration, "list"),
                            _ => Page(query.ApplySoftDelete(query.Rows()))
                        )
                        {
                            OtherPolicies = request.Site.Policies,
                        },
                        new(request.Actor)
                    )
                    .ToListAsync(cancellationToken)
                : await FilteredAsync();

        var more = found.Count > state.Size;
        var page = found.Take(state.Size).ToList();
        if (cursor?.IsBackward == true)
            page.Reverse();
        await cells.FindNamesAsync(page, order.Count, cancellationToken);
        var (before, after) =
            cursor is null ? (false, more)
            : cursor.IsBackward ? (more, !cursor.IsEnd)
            : (true, more);
        return new(
            columns,
            [
                .. page.Select(values => new ListRow(
                    RowKey.Format(values[(order.Count - registration.Key.Count)..order.Count]),
                    cells.Of(values, order.Count),
                    values[^(acts.Count + 3)] is true,
                    values[^(acts.Count + 2)] is true,
                    values[^(acts.Count + 1)] is true
                )
                {
                    Actions =
                    [
                        .. acts.Where((_, index) => values[^(acts.Count - index)] is true).Select(act => act.Name),
                    ],
                }),
            ],
            after && page.Count > 0 ? new PageCursor(page[^1][..order.Count], false).ToString() : null,
            before && page.Count > 0 ? new PageCursor(page[0][..order.Count], true).ToString() : null
        )
        {
            SearchWarnings = list.Search.Warnings,
        };

        async Task<List<object?[]>> FilteredAsync()
        {
            var rows = await list.FilterAsync(state, null, cancellationToken);
            if (also is not null)
                rows = rows.Where(Expressions.Condition<T>(also));
            await using var hint = await list.ForceNestedLoopsAsync(state.Filters, cancellationToken);
            return await Page(rows).ToListAsync(cancellationToken);
        }

        IQueryable<object?[]> Page(IQueryable<T> rows)
        {
            var direction =
                cursor?.IsBackward == true ? [.. order.Select(by => by with { Descends = !by.Descends })] : order;
            if (cursor is { IsEnd: false })
                rows = rows.Where(Expression.Lambda<Func<T, bool>>(cursor.After(direction), row));
            var values = order
                .Select(by => by.Value)
                .Concat(columns.Select(column => query.Value(column, row, cells.Most)))
                .Concat(cells.Keys)
                .Append(query.May(Verb.Update, row))
                .Append(query.May(Verb.Delete, row))
                .Append(query.Meets(registration.OperationCondition, row))
                .Concat(acts.Select(act => query.Can(act, row)));
            return RowQuery<T>.Values(RowQuery<T>.Sort(rows, direction, row), row, values).Take(state.Size + 1);
        }
    }

    /// <summary>Streams all rows of a list without buffering.</summary>
    public async IAsyncEnumerable<object?[]> StreamAsync(
        ListState state,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var row = Expression.Parameter(typeof(T), "row");
        var rows = RowQuery<T>.Sort(
            await list.FilterAsync(state, null, cancellationToken),
            list.Order(state, row),
            row
        );
        var columns = Shown(state);
        var most = Cells.MaxLinkedOf(columns, MaxLinked, MaxLinked);
        var values = query.KeyOf(row).Concat(columns.Select(column => query.Value(column, row, most)));
        var linked = Enumerable.Range(0, columns.Count).Where(index => columns[index].ManyToMany is not null).ToList();
        await foreach (
            var found in RowQuery<T>.Values(rows, row, values).AsAsyncEnumerable().WithCancellation(cancellationToken)
        )
        {
            foreach (var index in linked)
                found[registration.Key.Count + index] = Cells
                    .Linked(request.Site, columns[index], found[registration.Key.Count + index], most)
                    .Select(one => one.Name)
                    .ToList();
            yield return found;
        }
    }

    /// <summary>Counts the rows of a list, up to a cap.</summary>
    public async Task<CappedCount> CountAsync(ListState state, CancellationToken cancellationToken)
    {
        if (state.IsAsRegistered)
            return new(
                await request.Site.Queries.CountAsync(
                    request.Db,
                    new PolicyQuery<T, T>(
                        policy,
                        Verb.Read,
                        (registration, "count"),
                        _ => query.ApplySoftDelete(query.Rows()).TakeAny(CappedCount.Cap + 1)
                    )
                    {
                        OtherPolicies = request.Site.Policies,
                    },
                    new(request.Actor),
                    cancellationToken
                )
            );
        var rows = await list.FilterAsync(state, null, cancellationToken);
        await using var hint = await list.ForceNestedLoopsAsync(state.Filters, cancellationToken);
        return await ListQuery<T>.CountAsync(rows, cancellationToken);
    }

    /// <summary>The visible columns of a list.</summary>
    public IReadOnlyList<Field> Shown(ListState state) =>
        state.Columns is { } names
        && registration.Columns.Where(column => names.Contains(column.Name)).ToList() is { Count: > 0 } chosen
            ? chosen
            : registration.Columns;
}
