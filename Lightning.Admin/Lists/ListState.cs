using System.Globalization;
using Lightning.Admin.Registrations;

namespace Lightning.Admin.Lists;

/// <summary>What a list shows, as its address says it; whoever has the address sees the same.</summary>
public sealed record ListState
{
    /// <summary>Rows on a page, as many as may be asked for.</summary>
    public static readonly IReadOnlyList<int> Sizes = [25, 50, 100, 250];

    const int DefaultSize = 50;

    /// <summary>The most comparisons that an address may hold.</summary>
    const int MostComparisons = 30;

    /// <summary>What is searched for.</summary>
    public string Search { get; init; } = "";

    /// <summary>By which columns it is sorted; empty for the list's own order.</summary>
    public IReadOnlyList<SortBy> Sort { get; init; } = [];

    /// <summary>What it is narrowed by.</summary>
    public IReadOnlyList<FilterBy> Filters { get; init; } = [];

    /// <summary>The columns that are shown; null for all.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Rows on a page.</summary>
    public int Size { get; init; } = DefaultSize;

    /// <summary>Where the page begins; null for the first.</summary>
    public string? Place { get; init; }

    /// <summary>Whether what was deleted is shown, and nothing else.</summary>
    public bool Deleted { get; init; }

    /// <summary>Whether it is shown what the list can be narrowed to, and how many rows each would leave. That is counted only when it is asked for.</summary>
    public bool ShowsFilters { get; init; }

    /// <summary>What of the address cannot be understood. A list that is asked for something it cannot do shows nothing: what it left out might matter.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>Whether anything narrows the list.</summary>
    public bool IsNarrowed => Search.Length > 0 || Filters.Count > 0 || Deleted;

    /// <summary>Whether it is the list's first page as its registration has it, which is how lists are opened.</summary>
    internal bool IsAsRegistered => !IsNarrowed && Sort.Count == 0 && Columns is null && Size == DefaultSize && Place is null && Faults.Count == 0;

    /// <summary>Reads an address.</summary>
    public static ListState Read(Registration registration, IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>> query)
    {
        ArgumentNullException.ThrowIfNull(registration);
        var (state, faults, filters) = (new ListState(), new List<string>(), new List<FilterBy>());
        foreach (var (name, given) in query ?? [])
        {
            var values = given.OfType<string>().Where(value => value.Length > 0).Distinct(StringComparer.Ordinal).ToArray();
            if (values.Length == 0) continue;
            if (values.Length > 1 && name is "q" or "sort" or "size" or "at" or "deleted") faults.Add($"“{name}” stands in the address {values.Length} times: once is enough.");
            switch (name)
            {
                case "q": state = state with { Search = values[0] }; break;
                case "sort": state = state with { Sort = [.. values[0].Split(',').Select(SortBy.Read)] }; break;
                case "col": state = state with { Columns = values }; break;
                case "size" when int.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var size) && Sizes.Contains(size): state = state with { Size = size }; break;
                case "size": faults.Add($"There are no pages of {values[0]} rows."); break;
                case "at": state = state with { Place = values[0] }; break;
                case "filters": state = state with { ShowsFilters = values[0] == "yes" }; break;
                case "deleted" when registration.Tombstone is not null && values[0] is "yes" or "no": state = state with { Deleted = values[0] == "yes" }; break;
                case "deleted": faults.Add("This list keeps nothing that was deleted."); break;
                case var _ when name.StartsWith("f.", StringComparison.Ordinal) && FilterBy.Read(registration, name, values) is var (filter, fault):
                    if (filter is not null) filters.Add(filter);
                    if (fault is not null) faults.Add(fault);
                    break;
            }
        }
        if (state.Search.Length > 0 && (registration.IsSearchable ? SearchWords.Fault(state.Search) : "This list cannot be searched.") is { } unsearchable) faults.Add(unsearchable);
        foreach (var column in (state.Columns ?? []).Where(name => registration.Columns.All(column => column.Name != name))) faults.Add($"This list has no column {column}.");
        if (filters.Count > MostComparisons) faults.Add($"At most {MostComparisons} comparisons at once.");
        foreach (var sort in state.Sort)
            if (registration.Columns.Concat(registration.Sorted).FirstOrDefault(column => column.Name == sort.Column) is not { } field || !registration.CanSort(field))
                faults.Add($"This list cannot be sorted by {sort.Column}.");
        if (state.Sort.Count > 1 && !registration.IsSmall) faults.Add("A table as large as this is sorted by one column at a time.");
        return state with { Filters = filters, Faults = faults };
    }

    /// <summary>The address, without what the list is called.</summary>
    public override string ToString()
    {
        var parts = (Place is null ? Inputs() : Inputs().Append(("at", Place))).Select(part => $"{Uri.EscapeDataString(part.Item1)}={Uri.EscapeDataString(part.Item2)}");
        var query = string.Join('&', parts);
        return query.Length == 0 ? "" : $"?{query}";
    }

    /// <summary>The address as fields of a form, but for some of them.</summary>
    public IEnumerable<(string Name, string Value)> Inputs(params string[] except)
    {
        if (Search.Length > 0) yield return ("q", Search);
        if (Sort.Count > 0) yield return ("sort", string.Join(',', Sort));
        foreach (var filter in Filters)
            foreach (var value in filter.Values) yield return ($"f.{filter.Field}.{filter.Comparison.ToString().ToLowerInvariant()}", value);
        foreach (var column in Columns ?? [])
            if (!except.Contains("col")) yield return ("col", column);
        if (Size != DefaultSize && !except.Contains("size")) yield return ("size", Size.ToString(CultureInfo.InvariantCulture));
        if (Deleted) yield return ("deleted", "yes");
        if (ShowsFilters) yield return ("filters", "yes");
    }

    /// <summary>The list with a column's comparison set to some values, or taken away where there are none; from its first page.</summary>
    public ListState With(string field, Comparison comparison, params string[] values)
    {
        var others = Filters.Where(filter => filter.Field != field || filter.Comparison != comparison);
        return this with { Filters = values.Length == 0 ? [.. others] : [.. others, new(field, comparison, values)], Place = null };
    }

    /// <summary>The values of a column's comparison.</summary>
    public IReadOnlyList<string> ValuesOf(string field, Comparison comparison) =>
        Filters.FirstOrDefault(filter => filter.Field == field && filter.Comparison == comparison)?.Values ?? [];

    /// <summary>The list sorted by a column; the other way round where it is already, and no longer where it is that too. With others it keeps its place among them, or comes after them.</summary>
    public ListState SortedBy(string column, bool alone)
    {
        var now = Sort.FirstOrDefault(sort => sort.Column == column);
        IReadOnlyList<SortBy> next = now is { Descends: true } ? [] : [new(column, now is not null)];
        return this with { Sort = alone ? next : now is null ? [.. Sort, .. next] : [.. Sort.SelectMany(sort => sort == now ? next : [sort])], Place = null };
    }
}

/// <summary>A column that a list is sorted by.</summary>
public sealed record SortBy(string Column, bool Descends)
{
    internal static SortBy Read(string text) => text.StartsWith('-') ? new(text[1..], true) : new(text, false);

    /// <inheritdoc/>
    public override string ToString() => Descends ? $"-{Column}" : Column;
}

/// <summary>What a list is narrowed by.</summary>
/// <param name="Field">The column.</param>
/// <param name="Comparison">How its values are held against those asked for.</param>
/// <param name="Values">Those asked for, any of which suffices.</param>
public sealed record FilterBy(string Field, Comparison Comparison, IReadOnlyList<string> Values)
{
    /// <summary>The most values of one comparison.</summary>
    const int MostValues = 100;

    internal static (FilterBy? Filter, string? Fault) Read(Registration registration, string name, string[] values)
    {
        var cut = name.LastIndexOf('.');
        if (registration.Filters.FirstOrDefault(filter => cut > 2 && filter.Name == name[2..cut]) is not { } filter || !Enum.TryParse<Comparison>(name[(cut + 1)..], ignoreCase: true, out var comparison)
            || !filter.Comparisons(registration.IsSmall).Contains(comparison))
            return (null, $"This list cannot be narrowed by {name}.");
        if (values.Length > 1 && comparison is Comparison.From or Comparison.To or Comparison.Empty) return (null, $"{filter.Field.Title}: one value at a time can be the least, the greatest or none.");
        if (values.Length > MostValues) return (null, $"{filter.Field.Title}: at most {MostValues} values at once.");
        var wrong = values.FirstOrDefault(value => !Narrowing.Understands(filter, comparison, value));
        if (wrong is not null) return (null, $"{filter.Field.Title}: “{wrong}” is not understood.");
        // A key can be written in several ways, and is one and the same row.
        if (comparison == Comparison.Is && filter.Field.Links?.TargetEntityType.FindPrimaryKey()!.Properties is { } key)
            values = [.. values.Select(value => RowKey.Write(RowKey.Read(value, key)!)).Distinct(StringComparer.Ordinal)];
        return (new(filter.Name, comparison, values), null);
    }
}
