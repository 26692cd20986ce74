using System.Linq.Expressions;
using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Lists;

/// <summary>Reads the values that filters offer, each with its row count.</summary>
sealed class FacetReader<T>(AdminFor<T> registration, ListQuery<T> list)
    where T : class
{
    /// <summary>The maximum number of years that a date filter offers.</summary>
    const int MaxYears = 30;

    readonly RowQuery<T> query = list.Rows;

    /// <summary>The values that a filter offers, each with its row count.</summary>
    public async Task<IReadOnlyList<Facet>> ReadAsync(
        ListState state,
        Filter filter,
        CancellationToken cancellationToken
    )
    {
        var (facets, rows, isLeast) = (
            new List<Facet>(),
            await list.FilterAsync(state, filter.Name, cancellationToken),
            false
        );
        var others = state with { Filters = [.. state.Filters.Where(by => by.Field != filter.Name)], Sort = [] };
        // No single index covers both the active filters and this filter's value, and intersecting two could read all
        // rows of either; so only the first rows are counted.
        if (!registration.IsSmall && (others.Filters.Count > 0 || others.Search.Length > 0))
        {
            var row = Expression.Parameter(typeof(T), "row");
            rows = RowQuery<T>.Sort(rows, list.Order(others, row), row);
            isLeast = await rows.Take(CappedCount.LookedAt + 1).CountAsync(cancellationToken) > CappedCount.LookedAt;
            rows = rows.Take(CappedCount.LookedAt);
        }
        foreach (var choice in filter.Offered)
            await AddAsync(filter.Field.Show(Typed(choice)), Comparison.Is, choice);
        if (filter.IsPicked)
            foreach (var other in await list.Links.OfferAsync(filter, state, cancellationToken))
                await AddAsync(other.Name, Comparison.Is, other.Key);
        if (
            filter.Comparisons(registration.IsSmall).Contains(Comparison.On)
            && (registration.IsSmall || registration.HasIndexOn(filter.Field, ordered: true))
        )
            await DatesAsync();
        if (filter.Comparisons(registration.IsSmall).Contains(Comparison.Empty))
        {
            await AddAsync("Empty", Comparison.Empty, "yes");
            await AddAsync("Not empty", Comparison.Empty, "no");
        }
        return facets;

        object? Typed(string choice) => TypedText.TryParse(filter.Field.Type, choice, out var value) ? value : choice;

        async Task AddAsync(string title, Comparison comparison, string value)
        {
            var chosen = state.ValuesOf(filter.Name, comparison).Contains(value);
            // Several values of one column can be selected together; ranges and "empty" cannot.
            var beside =
                comparison == Comparison.Is
                    ? state.ValuesOf(filter.Name, comparison).Where(other => other != value)
                    : [];
            var by = new FilterBy(filter.Name, comparison, [value]);
            var condition = Expressions.Condition<T>(await list.ConditionAsync(filter.Field, by, cancellationToken));
            await using var hint = await list.ForceNestedLoopsAsync([by], cancellationToken);
            facets.Add(
                new(
                    title,
                    await ListQuery<T>.CountAsync(rows.Where(condition), cancellationToken) with
                    {
                        IsLeast = isLeast,
                    },
                    state.With(filter.Name, comparison, [.. chosen ? beside : beside.Append(value)]),
                    chosen
                )
            );
        }

        // Drills down from years to months to days.
        async Task DatesAsync()
        {
            var chosen = state.ValuesOf(filter.Name, Comparison.On) is [var first, ..] ? first : null;
            if (chosen is not null)
            {
                var above = chosen.Length > 4 ? chosen[..^3] : null;
                facets.Add(
                    new(
                        $"‹ {(above is null ? "All dates" : above)}",
                        null,
                        state.With(filter.Name, Comparison.On, above is null ? [] : [above]),
                        false
                    )
                );
            }
            switch (chosen?.Length)
            {
                case null:
                    foreach (var year in await YearsAsync())
                        await AddAsync($"{year:0000}", Comparison.On, $"{year:0000}");
                    break;
                case 4:
                    for (var month = 1; month <= 12; month++)
                        await AddAsync($"{chosen}-{month:00}", Comparison.On, $"{chosen}-{month:00}");
                    break;
                case 7:
                    for (
                        var (day, last) = (
                            1,
                            DateTime.DaysInMonth(int.Parse(chosen[..4], null), int.Parse(chosen[5..], null))
                        );
                        day <= last;
                        day++
                    )
                        await AddAsync($"{chosen}-{day:00}", Comparison.On, $"{chosen}-{day:00}");
                    break;
                default:
                    await AddAsync(chosen!, Comparison.On, chosen!);
                    break;
            }
            facets.RemoveAll(facet =>
                facet.Count is { Rows: 0, IsLeast: false }
                && !facet.IsChosen
                && facet.Title.Length > 0
                && char.IsAsciiDigit(facet.Title[0])
            );
        }

        // Finds the years in use, newest first, each by an index seek for the newest value before the last year found.
        // The other filters are ignored; years without matches are hidden later.
        async Task<IReadOnlyList<int>> YearsAsync()
        {
            var row = Expression.Parameter(typeof(T), "row");
            var value = query.Value(filter.Field, row);
            var all = query.ApplySoftDelete(query.Rows(), state.Deleted);
            if (value.Type.CanBeNull())
                all = all.Where(
                    Expression.Lambda<Func<T, bool>>(
                        Expression.NotEqual(value, Expression.Constant(null, value.Type)),
                        row
                    )
                );
            var years = new List<int>();
            for (int? last = null; years.Count < MaxYears; )
            {
                var before = last is { } year
                    ? all.Where(
                        Expression.Lambda<Func<T, bool>>(FilterExpressions.Before(value, new DateTime(year, 1, 1)), row)
                    )
                    : all;
                if (
                    await RowQuery<T>
                        .Values(RowQuery<T>.Sort(before, [new(value, true, false, true)], row), row, [value])
                        .FirstOrDefaultAsync(cancellationToken)
                    is not [{ } newest]
                )
                    break;
                last = newest switch
                {
                    DateTimeOffset time => time.UtcDateTime.Year,
                    DateTime time => time.Year,
                    DateOnly day => day.Year,
                    _ => throw new InvalidOperationException("The value is not a date."),
                };
                // The last representable year has no end to compare with.
                if (FilterExpressions.ParseDateRange($"{last:0000}") is not null)
                    years.Add(last.Value);
            }
            return years;
        }
    }
}
