using System.Globalization;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;

namespace Lightning.Admin.Engine.Lists;

/// <summary>The state of a list page as encoded in its URL.</summary>
public sealed record ListState
{
    /// <summary>The allowed page sizes.</summary>
    public static readonly IReadOnlyList<int> Sizes = [25, 50, 100, 250];

    const int DefaultSize = 50;

    /// <summary>The maximum number of filters in a URL.</summary>
    const int MaxComparisons = 30;

    /// <summary>The search text; empty for none.</summary>
    public string Search { get; init; } = "";

    /// <summary>The sort columns; empty for the default order.</summary>
    public IReadOnlyList<SortBy> Sort { get; init; } = [];

    /// <summary>The active filters.</summary>
    public IReadOnlyList<FilterBy> Filters { get; init; } = [];

    /// <summary>The visible columns; null for all.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>The page size.</summary>
    public int Size { get; init; } = DefaultSize;

    /// <summary>The encoded cursor of the page; null for the first page.</summary>
    public string? Cursor { get; init; }

    /// <summary>Whether only soft-deleted rows are shown.</summary>
    public bool Deleted { get; init; }

    /// <summary>Whether the filter panel is open. Its counts are only computed while it is.</summary>
    public bool ShowsFilters { get; init; }

    /// <summary>
    /// The invalid parts of the URL. A list with errors shows no rows, because what was ignored might matter.
    /// </summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>Whether the list is searched, filtered or shows deleted rows.</summary>
    public bool IsFiltered => Search.Length > 0 || Filters.Count > 0 || Deleted;

    /// <summary>Whether this is the unfiltered first page in default order, which has a compiled query.</summary>
    internal bool IsAsRegistered =>
        !IsFiltered && Sort.Count == 0 && Columns is null && Size == DefaultSize && Cursor is null && Errors.Count == 0;

    /// <summary>Parses a query string.</summary>
    public static ListState Read(
        Registration registration,
        IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>> query
    )
    {
        ArgumentNullException.ThrowIfNull(registration);
        var (state, errors, filters) = (new ListState(), new List<string>(), new List<FilterBy>());
        foreach (var (name, given) in query ?? [])
        {
            var values = given
                .OfType<string>()
                .Where(value => value.Length > 0)
                .Distinct(StringComparer.Ordinal)
                .ToArray();
            if (values.Length == 0)
                continue;
            if (values.Length > 1 && name is "q" or "sort" or "size" or "at" or "deleted")
                errors.Add($"“{name}” is given {values.Length} times: use it once.");
            switch (name)
            {
                case "q":
                    state = state with { Search = values[0] };
                    break;
                case "sort":
                    state = state with { Sort = [.. values[0].Split(',').Select(SortBy.Read)] };
                    break;
                case "col":
                    state = state with { Columns = values };
                    break;
                case "size"
                    when int.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
                        && Sizes.Contains(size):
                    state = state with { Size = size };
                    break;
                case "size":
                    errors.Add($"{values[0]} rows per page is not supported.");
                    break;
                case "at":
                    state = state with { Cursor = values[0] };
                    break;
                case "filters":
                    state = state with { ShowsFilters = values[0] == "yes" };
                    break;
                case "deleted" when registration.DeletedAtField is not null && values[0] is "yes" or "no":
                    state = state with { Deleted = values[0] == "yes" };
                    break;
                case "deleted":
                    errors.Add("This list does not keep deleted rows.");
                    break;
                case var _
                    when name.StartsWith("f.", StringComparison.Ordinal)
                        && FilterBy.Read(registration, name, values) is var (filter, error):
                    if (filter is not null)
                        filters.Add(filter);
                    if (error is not null)
                        errors.Add(error);
                    break;
            }
        }
        if (
            state.Search.Length > 0
            && (registration.IsSearchable ? SearchWords.Validate(state.Search) : "This list cannot be searched.")
                is { } unsearchable
        )
            errors.Add(unsearchable);
        foreach (
            var column in (state.Columns ?? []).Where(name => registration.Columns.All(column => column.Name != name))
        )
            errors.Add($"This list does not have a column named “{column}”.");
        if (filters.Count > MaxComparisons)
            errors.Add($"Use at most {MaxComparisons} filters at once.");
        foreach (var sort in state.Sort)
            if (
                registration.Columns.Concat(registration.Sorted).FirstOrDefault(column => column.Name == sort.Column)
                    is not { } field
                || !registration.CanSort(field)
            )
                errors.Add($"This list cannot be sorted by “{sort.Column}”.");
        if (state.Sort.Count > 1 && !registration.IsSmall)
            errors.Add("This list can be sorted by one column only.");
        return state with { Filters = filters, Errors = errors };
    }

    /// <summary>The query string, including the question mark; empty for the default state.</summary>
    public override string ToString()
    {
        var parts = (Cursor is null ? Inputs() : Inputs().Append(("at", Cursor))).Select(part =>
            $"{Uri.EscapeDataString(part.Item1)}={Uri.EscapeDataString(part.Item2)}"
        );
        var query = string.Join('&', parts);
        return query.Length == 0 ? "" : $"?{query}";
    }

    /// <summary>The parameters as form fields, except for the named ones and the cursor.</summary>
    public IEnumerable<(string Name, string Value)> Inputs(params string[] except)
    {
        if (Search.Length > 0)
            yield return ("q", Search);
        if (Sort.Count > 0)
            yield return ("sort", string.Join(',', Sort));
        foreach (var filter in Filters)
        foreach (var value in filter.Values)
            yield return ($"f.{filter.Field}.{filter.Comparison.ToString().ToLowerInvariant()}", value);
        foreach (var column in Columns ?? [])
            if (!except.Contains("col"))
                yield return ("col", column);
        if (Size != DefaultSize && !except.Contains("size"))
            yield return ("size", Size.ToString(CultureInfo.InvariantCulture));
        if (Deleted)
            yield return ("deleted", "yes");
        if (ShowsFilters)
            yield return ("filters", "yes");
    }

    /// <summary>The first page with other values for a comparison; no values remove it.</summary>
    public ListState With(string field, Comparison comparison, params string[] values)
    {
        var others = Filters.Where(filter => filter.Field != field || filter.Comparison != comparison);
        return this with
        {
            Filters = values.Length == 0 ? [.. others] : [.. others, new(field, comparison, values)],
            Cursor = null,
        };
    }

    /// <summary>The values of a comparison; empty if it is not active.</summary>
    public IReadOnlyList<string> ValuesOf(string field, Comparison comparison) =>
        Filters.FirstOrDefault(filter => filter.Field == field && filter.Comparison == comparison)?.Values ?? [];

    /// <summary>
    /// The list with the sort of a column toggled: ascending, descending, then off. Unless it is the only sort column,
    /// it keeps its position or is added last.
    /// </summary>
    public ListState SortedBy(string column, bool alone)
    {
        var now = Sort.FirstOrDefault(sort => sort.Column == column);
        IReadOnlyList<SortBy> next = now is { Descends: true } ? [] : [new(column, now is not null)];
        return this with
        {
            Sort =
                alone ? next
                : now is null ? [.. Sort, .. next]
                : [.. Sort.SelectMany(sort => sort == now ? next : [sort])],
            Cursor = null,
        };
    }
}

/// <summary>A sort column.</summary>
public sealed record SortBy(string Column, bool Descends)
{
    internal static SortBy Read(string text) => text.StartsWith('-') ? new(text[1..], true) : new(text, false);

    /// <inheritdoc/>
    public override string ToString() => Descends ? $"-{Column}" : Column;
}

/// <summary>An active filter.</summary>
/// <param name="Field">The column.</param>
/// <param name="Comparison">The comparison.</param>
/// <param name="Values">The values, combined with OR.</param>
public sealed record FilterBy(string Field, Comparison Comparison, IReadOnlyList<string> Values)
{
    /// <summary>The maximum number of values of one comparison.</summary>
    const int MaxValues = 100;

    internal static (FilterBy? Filter, string? Error) Read(Registration registration, string name, string[] values)
    {
        var cut = name.LastIndexOf('.');
        if (
            registration.Filters.FirstOrDefault(filter => cut > 2 && filter.Name == name[2..cut]) is not { } filter
            || !Enum.TryParse<Comparison>(name[(cut + 1)..], ignoreCase: true, out var comparison)
            || !filter.Comparisons(registration.IsSmall).Contains(comparison)
        )
            return (null, $"This list cannot be filtered by “{name}”.");
        if (values.Length > 1 && comparison is Comparison.From or Comparison.To or Comparison.Empty)
            return (null, $"{filter.Field.Title}: this filter takes a single value.");
        if (values.Length > MaxValues)
            return (null, $"{filter.Field.Title}: use at most {MaxValues} values at once.");
        var wrong = values.FirstOrDefault(value => !FilterExpressions.IsValid(filter, comparison, value));
        if (wrong is not null)
            return (null, $"{filter.Field.Title}: “{wrong}” is not a valid value.");
        // The same key can be written in several ways: normalize it.
        if (
            comparison == Comparison.Is
            && filter.Field.ManyToMany?.TargetEntityType.FindPrimaryKey()!.Properties is { } key
        )
            values =
            [
                .. values.Select(value => RowKey.Format(RowKey.Parse(value, key)!)).Distinct(StringComparer.Ordinal),
            ];
        return (new(filter.Name, comparison, values), null);
    }
}
