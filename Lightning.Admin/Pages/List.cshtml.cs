using Lightning.Admin.Lists;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Pages;

/// <summary>The list of one registration.</summary>
public sealed class ListModel(AdminRequest request, IOptions<AdminOptions> options) : AdminPage(request)
{
    /// <summary>What is shown, as the address says it.</summary>
    public ListState State { get; private set; } = null!;

    /// <summary>The rows of this page.</summary>
    public ListPage Rowset { get; private set; } = null!;

    /// <summary>How many rows there are, as far as they are counted.</summary>
    public CappedCount Count { get; private set; }

    /// <summary>What the list can be narrowed to, by filter.</summary>
    public IReadOnlyList<(Filter Filter, IReadOnlyList<Facet> Facets)> Narrowing { get; private set; } = [];

    /// <summary>Whether the rows were not found in the time that a page has.</summary>
    public bool TookTooLong { get; private set; }

    /// <summary>That time, in words.</summary>
    public string Limit => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{options.Value.ListTimeout.TotalSeconds:0.#} {(options.Value.ListTimeout.TotalSeconds == 1 ? "second" : "seconds")}");

    /// <summary>Whether the filters' values were not counted for want of time.</summary>
    public bool IsNotCounted { get; private set; }

    /// <summary>What the list is narrowed by, each with the list without it.</summary>
    public IReadOnlyList<Facet> NarrowedBy { get; private set; } = [];

    /// <summary>Rows to choose for the filters that are chosen so, by the filters' names.</summary>
    public IReadOnlyDictionary<string, LinkPick> Picks { get; private set; } = new Dictionary<string, LinkPick>();

    /// <summary>What whoever looks may do to any row at all.</summary>
    public IReadOnlyList<RowAction> Actions => [.. Registration.Actions.Where(action => Rows.IsPossible(action.Verb))];

    /// <summary>Whether there are rows of which anybody can do something in their line.</summary>
    public bool HasTodo => Registration.Writes || Registration.Removes || Registration.Act is not null;

    /// <summary>How many columns have something long in them: they share what the others leave of the table's width.</summary>
    public int LongColumns => Enumerable.Range(0, Rowset.Columns.Count).Count(column => Rowset.Rows.Any(row => row.Cells[column] is { Whole: not null, Rows.Count: 0 }));

    /// <summary>What became of the last click.</summary>
    public string? Done { get; private set; }

    /// <summary>The row that was deleted a moment ago, where it can be taken back.</summary>
    public string? Deleted { get; private set; }

    /// <summary>Reads a page, or says that there is no such list.</summary>
    public async Task<IActionResult> OnGetAsync([FromRoute] string list, string? done, int? count, string? row, CancellationToken cancellationToken)
    {
        if (!Opens(list)) return NotFound();
        State = ListState.Read(Registration, Request.Query);
        using var patience = new Patience(Asked.Db, options.Value.ListTimeout, Asked.Clock, cancellationToken);
        var combines = Rows.Combines(State);
        if (await patience.AskAsync(token => Rows.ListAsync(State, token), combines) is (true, { } found)) Rowset = found;
        else (Rowset, TookTooLong) = (new(Rows.Shown(State), [], null, null), true);
        // All of the page may have been deleted from it.
        if (!TookTooLong && State.Place is not null && Rowset is { Fault: null, Rows.Count: 0 } && await patience.AskAsync(token => Rows.ListAsync(State with { Place = Place.Last }, token), combines) is (true, { } last))
            (State, Rowset) = (State with { Place = last.Rows.Count > 0 ? Place.Last : null }, last);
        if (Rowset.Fault is { } lost) State = State with { Place = null, Faults = [.. State.Faults, lost] };
        // As many as are seen there are at least.
        Count = !TookTooLong && await patience.AskAsync(token => Rows.CountAsync(State, token), combines) is (true, var counted) ? counted : new CappedCount(Rowset.Rows.Count) { IsLeast = true };
        NarrowedBy = await Rows.NarrowedByAsync(State, cancellationToken);
        var narrowing = new List<(Filter, IReadOnlyList<Facet>)>();
        var picks = new Dictionary<string, LinkPick>(StringComparer.Ordinal);
        foreach (var filter in State.ShowsFilters ? Registration.Filters : [])
        {
            var (wasPicked, pick) = await patience.AskAsync(token => LinkPick.ReadAsync(Asked, Registration, filter, State, Request.Query, token), isNarrowed: false);
            IsNotCounted |= !wasPicked;
            if (filter.IsPicked && pick is null) continue;
            if (pick is not null) picks[filter.Name] = pick;
            var facets = State.Faults.Count > 0 || TookTooLong ? (InTime: true, Answer: []) : await patience.AskAsync(token => Rows.FacetsAsync(State, filter, token), isNarrowed: false);
            IsNotCounted |= !facets.InTime;
            if (facets.Answer is { Count: > 0 } || filter.IsTyped || filter.IsPicked) narrowing.Add((filter, facets.Answer ?? []));
        }
        (Narrowing, Picks) = (narrowing, picks);
        (Done, Deleted) = done switch
        {
            // Read as a key and written again: a form's address is made of it.
            "deleted" => ($"{Registration.Singular} deleted.", Registration.Tombstone is not null && RowKey.Read(row, Registration.Key) is { } key ? RowKey.Write(key) : null),
            "done" => ($"Done, to {count ?? 0:N0} {(count == 1 ? "row" : "rows")}.", null),
            "edited" => (count > 0 ? $"{count:N0} {(count == 1 ? "row" : "rows")} saved." : "Nothing was changed.", null),
            "imported" => ($"{count ?? 0:N0} {(count == 1 ? "row" : "rows")} imported.", null),
            _ => (null, null),
        };
        if (State.Faults.Count > 0) Response.StatusCode = StatusCodes.Status400BadRequest;
        else if (TookTooLong) Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Page();
    }

    /// <summary>The address of a file with exactly what the list shows.</summary>
    public string Export(string format)
    {
        var query = (State with { Place = null, Size = 50, ShowsFilters = false }).ToString();
        return $"/{Registration.Slug}/-/export{query}{(query.Length == 0 ? '?' : '&')}format={format}";
    }

    /// <summary>Has a row's page lead back to the list as it is. An address that is as long as this would be too long for a browser to send with another around it.</summary>
    public string From => State.ToString() is { Length: < 2000 } query ? $"?from={Uri.EscapeDataString(query)}" : "";

    /// <summary>The address of the list as it would be.</summary>
    public string Address(ListState state) => $"/{Registration.Slug}{state}";

    /// <summary>The comparisons of a filter that take a value, by their names in addresses.</summary>
    public IReadOnlyList<string> ComparisonsOf(Filter filter) => [.. filter.Comparisons(Registration.SortsBySeveral)
        .Where(comparison => comparison is not (Comparison.Empty or Comparison.On)).Select(comparison => comparison.ToString().ToLowerInvariant())];

    /// <summary>A comparison in words.</summary>
    public string Words(string comparison) => comparison switch { "is" => "Is", "has" => "Contains", "from" => "From", _ => "To" };

    /// <summary>What a filter is set to.</summary>
    public string? ValueOf(Filter filter, string comparison) => State.Filters.FirstOrDefault(by => by.Field == filter.Name && by.Comparison.ToString().Equals(comparison, StringComparison.OrdinalIgnoreCase))?.Values[0];

    /// <summary>What can be filled in.</summary>
    public string? Example(Filter filter, string comparison) => comparison != "has" && TypedText.IsDate(filter.Field.Type) ? "2026-03-14" : null;
}
