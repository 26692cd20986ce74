using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Lightning.Data.Rules;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Lists;

/// <summary>Reads lists.</summary>
sealed class ListReader<T>(AdminFor<T> registration, AdminRequest request, RowQuery<T> query)
    where T : class
{
    /// <summary>The most years that a date can be narrowed to without typing one.</summary>
    const int MostYears = 30;

    /// <summary>The most rows that a file names of those that a row is linked with; an ellipsis says that there are more.</summary>
    const int MostLinked = 1000;

    readonly Policy<T> policy = request.Site.PolicyOf<T>();

    /// <summary>A page, and one row more to see whether another follows. Nothing is counted for it.</summary>
    public async Task<ListPage> ReadAsync(ListState state, CancellationToken cancellationToken, Func<Expression, Expression>? also = null)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var columns = Shown(state);
        if (state.Faults.Count > 0) return new(columns, [], null, null);
        var order = query.Order(state, row);
        var place = Place.Read(state.Place, order);
        if (state.Place is not null && place is null) return new(columns, [], null, null) { Fault = "This page begins nowhere in this list: begin at the first." };
        var cells = new Cells(registration, request, columns, row);
        var found = state.IsAsRegistered && also is null
            ? await request.Site.Queries.RunAsync(request.Db, policy, Verb.Read, new(request.Actor, Guid.Empty), (registration, "list"), _ => Page(query.Living(query.Rows())), request.Site.Policies).ToListAsync(cancellationToken)
            : await NarrowedAsync();

        var more = found.Count > state.Size;
        var page = found.Take(state.Size).ToList();
        if (place?.IsBackward == true) page.Reverse();
        await cells.FindNamesAsync(page, order.Count, cancellationToken);
        var (before, after) = place is null ? (false, more) : place.IsBackward ? (more, !place.IsEnd) : (true, more);
        return new(columns, [.. page.Select(values => new ListRow(RowKey.Write(values[(order.Count - registration.Key.Count)..order.Count]), cells.Of(values, order.Count), values[^3] is true, values[^2] is true, values[^1] is true))],
            after && page.Count > 0 ? new Place(page[^1][..order.Count], false).ToString() : null,
            before && page.Count > 0 ? new Place(page[0][..order.Count], true).ToString() : null)
        { LeftOut = query.LeftOut };

        async Task<List<object?[]>> NarrowedAsync()
        {
            var rows = await query.NarrowAsync(state, null, cancellationToken);
            if (also is not null) rows = rows.Where(Expressions.Condition<T>(also));
            await using var lead = await query.LeadAsync(state.Filters, cancellationToken);
            return await Page(rows).ToListAsync(cancellationToken);
        }

        IQueryable<object?[]> Page(IQueryable<T> rows)
        {
            var way = place?.IsBackward == true ? [.. order.Select(by => by with { Descends = !by.Descends })] : order;
            if (place is { IsEnd: false }) rows = rows.Where(Expression.Lambda<Func<T, bool>>(place.After(way), row));
            var values = order.Select(by => by.Value).Concat(columns.Select(column => query.Value(column, row, cells.Most))).Concat(cells.Keys)
                .Append(query.May(Verb.Update, row)).Append(query.May(Verb.Delete, row)).Append(query.Meets(registration.ActCondition, row));
            return RowQuery<T>.Values(RowQuery<T>.Sort(rows, way, row), row, values).Take(state.Size + 1);
        }
    }

    /// <summary>All rows of a list, one after another, none of them kept.</summary>
    public async IAsyncEnumerable<object?[]> StreamAsync(ListState state, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var rows = RowQuery<T>.Sort(await query.NarrowAsync(state, null, cancellationToken), query.Order(state, row), row);
        var columns = Shown(state);
        var most = Cells.MostOf(columns, MostLinked, MostLinked);
        var values = query.KeyOf(row).Concat(columns.Select(column => query.Value(column, row, most)));
        var linked = Enumerable.Range(0, columns.Count).Where(place => columns[place].Links is not null).ToList();
        await foreach (var found in RowQuery<T>.Values(rows, row, values).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            foreach (var place in linked) found[registration.Key.Count + place] = Cells.Linked(request.Site, columns[place], found[registration.Key.Count + place], most).Select(one => one.Name).ToList();
            yield return found;
        }
    }

    /// <summary>How many rows a list has, as far as they are counted.</summary>
    public async Task<CappedCount> CountAsync(ListState state, CancellationToken cancellationToken)
    {
        if (state.IsAsRegistered)
            return new(await request.Site.Queries.CountAsync(
                request.Db, policy, Verb.Read, new(request.Actor, Guid.Empty), (registration, "count"), _ => query.Living(query.Rows()).TakeAny(CappedCount.Cap + 1), request.Site.Policies, cancellationToken));
        var rows = await query.NarrowAsync(state, null, cancellationToken);
        await using var lead = await query.LeadAsync(state.Filters, cancellationToken);
        return await CountAsync(rows, cancellationToken);
    }

    /// <summary>What the list can be narrowed to by a filter, each value with the rows that it leaves.</summary>
    public async Task<IReadOnlyList<Facet>> FacetsAsync(ListState state, Filter filter, CancellationToken cancellationToken)
    {
        var (facets, rows, isLeast) = (new List<Facet>(), await query.NarrowAsync(state, filter.Name, cancellationToken), false);
        var others = state with { Filters = [.. state.Filters.Where(by => by.Field != filter.Name)], Sort = [] };
        // One index has what the list is narrowed to, and another the filter's value; none has both, so what both have in common may be looked for among all of either.
        if (!registration.IsSmall && (others.Filters.Count > 0 || others.Search.Length > 0))
        {
            var row = Expression.Parameter(typeof(T), "row");
            rows = RowQuery<T>.Sort(rows, query.Order(others, row), row);
            isLeast = await rows.Take(CappedCount.LookedAt + 1).CountAsync(cancellationToken) > CappedCount.LookedAt;
            rows = rows.Take(CappedCount.LookedAt);
        }
        foreach (var choice in filter.Offered) await AddAsync(filter.Field.Type.NotNull() == typeof(string) ? choice : filter.Field.Show(Typed(choice)), Comparison.Is, choice);
        if (filter.IsPicked)
            foreach (var other in await query.Links.OfferAsync(filter, state, cancellationToken)) await AddAsync(other.Name, Comparison.Is, other.Key);
        if (filter.Comparisons(registration.IsSmall).Contains(Comparison.On) && (registration.IsSmall || registration.Serves(filter.Field, ordered: true))) await DatesAsync();
        if (filter.Comparisons(registration.IsSmall).Contains(Comparison.Empty))
        {
            await AddAsync("Empty", Comparison.Empty, "yes");
            await AddAsync("Not empty", Comparison.Empty, "no");
        }
        return facets;

        object? Typed(string choice) => TypedText.TryRead(filter.Field.Type, choice, out var value) ? value : choice;

        async Task AddAsync(string title, Comparison comparison, string value)
        {
            var chosen = state.ValuesOf(filter.Name, comparison).Contains(value);
            // Several values of one column can be chosen side by side; whether there is one, and when, cannot.
            var beside = comparison == Comparison.Is ? state.ValuesOf(filter.Name, comparison).Where(other => other != value) : [];
            var by = new FilterBy(filter.Name, comparison, [value]);
            var condition = Expressions.Condition<T>(await query.ConditionAsync(filter.Field, by, cancellationToken));
            await using var lead = await query.LeadAsync([by], cancellationToken);
            facets.Add(new(title, await CountAsync(rows.Where(condition), cancellationToken) with { IsLeast = isLeast }, state.With(filter.Name, comparison, [.. chosen ? beside : beside.Append(value)]), chosen));
        }

        // Down from years to months to days, one step at a time.
        async Task DatesAsync()
        {
            var chosen = state.ValuesOf(filter.Name, Comparison.On) is [var first, ..] ? first : null;
            if (chosen is not null)
            {
                var above = chosen.Length > 4 ? chosen[..^3] : null;
                facets.Add(new($"‹ {(above is null ? "All dates" : above)}", null, state.With(filter.Name, Comparison.On, above is null ? [] : [above]), false));
            }
            switch (chosen?.Length)
            {
                case null:
                    foreach (var year in await YearsAsync()) await AddAsync($"{year:0000}", Comparison.On, $"{year:0000}");
                    break;
                case 4:
                    for (var month = 1; month <= 12; month++) await AddAsync($"{chosen}-{month:00}", Comparison.On, $"{chosen}-{month:00}");
                    break;
                case 7:
                    for (var (day, last) = (1, DateTime.DaysInMonth(int.Parse(chosen[..4], null), int.Parse(chosen[5..], null))); day <= last; day++) await AddAsync($"{chosen}-{day:00}", Comparison.On, $"{chosen}-{day:00}");
                    break;
                default:
                    await AddAsync(chosen!, Comparison.On, chosen!);
                    break;
            }
            facets.RemoveAll(facet => facet.Count is { Rows: 0, IsLeast: false } && !facet.IsChosen && facet.Title.Length > 0 && char.IsAsciiDigit(facet.Title[0]));
        }

        // The years that there are, back from the newest: each by the newest day before the last one found, which an index knows. In all of the list: what leaves none is not shown.
        async Task<IReadOnlyList<int>> YearsAsync()
        {
            var row = Expression.Parameter(typeof(T), "row");
            var value = query.Value(filter.Field, row);
            var all = query.Living(query.Rows(), state.Deleted);
            if (value.Type.CanBeNull()) all = all.Where(Expression.Lambda<Func<T, bool>>(Expression.NotEqual(value, Expression.Constant(null, value.Type)), row));
            var years = new List<int>();
            for (int? last = null; years.Count < MostYears;)
            {
                var before = last is { } year ? all.Where(Expression.Lambda<Func<T, bool>>(Narrowing.Before(value, new DateTime(year, 1, 1)), row)) : all;
                if (await RowQuery<T>.Values(RowQuery<T>.Sort(before, [new(value, true, false, true)], row), row, [value]).FirstOrDefaultAsync(cancellationToken) is not [{ } newest]) break;
                last = newest switch { DateTimeOffset time => time.UtcDateTime.Year, DateTime time => time.Year, DateOnly day => day.Year, _ => throw new InvalidOperationException("A date is none.") };
                // The last year that there can be has no end to compare with.
                if (Narrowing.Span($"{last:0000}") is not null) years.Add(last.Value);
            }
            return years;
        }
    }

    /// <summary>The columns that a list shows.</summary>
    public IReadOnlyList<Field> Shown(ListState state) =>
        state.Columns is { } names && registration.Columns.Where(column => names.Contains(column.Name)).ToList() is { Count: > 0 } chosen ? chosen : registration.Columns;

    static async Task<CappedCount> CountAsync(IQueryable<T> rows, CancellationToken cancellationToken) => new(await rows.TakeAny(CappedCount.Cap + 1).CountAsync(cancellationToken));
}
