using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Engine.Pages;

/// <summary>The list page of a registration.</summary>
public sealed class ListModel(AdminRequest request, IOptions<AdminOptions> options) : AdminPage(request)
{
    /// <summary>The list's state.</summary>
    public ListState State { get; private set; } = null!;

    /// <summary>The rows of this page.</summary>
    public ListPage Rowset { get; private set; } = null!;

    /// <summary>The number of rows, up to a cap.</summary>
    public CappedCount Count { get; private set; }

    /// <summary>The filters with their offered values.</summary>
    public IReadOnlyList<(Filter Filter, IReadOnlyList<Facet> Facets)> Facets { get; private set; } = [];

    /// <summary>Whether finding the rows timed out.</summary>
    public bool TookTooLong { get; private set; }

    /// <summary>The timeout, as text.</summary>
    public string Limit =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{options.Value.ListTimeout.TotalSeconds:0.#} "
                + $"{(options.Value.ListTimeout.TotalSeconds == 1 ? "second" : "seconds")}"
        );

    /// <summary>What to do after finding the rows timed out.</summary>
    public string TimeoutAdvice =>
        ActiveFilters.Count + (State.Search.Length > 0 ? 1 : 0) > 1
            ? "Many rows match one of the filters, but few match all of them. Remove one of them."
        : State.IsFiltered || State.Sort.Count > 0
            ? "There are too many rows to search. Change the filters, or use the default order."
        : "The database is busy. Try again in a moment.";

    /// <summary>Whether counting the filters' values timed out.</summary>
    public bool IsNotCounted { get; private set; }

    /// <summary>The active filters, each with the list without it.</summary>
    public IReadOnlyList<Facet> ActiveFilters { get; private set; } = [];

    /// <summary>The pickers of filters by related rows, by filter name.</summary>
    public IReadOnlyDictionary<string, LinkPick> Picks { get; private set; } = new Dictionary<string, LinkPick>();

    /// <summary>
    /// The actions to offer: those that apply to a row of the page, or may apply to a row of another page.
    /// </summary>
    public IReadOnlyList<RowAction> Actions =>
        [
            .. Registration.Actions.Where(action =>
                Rows.IsPossible(action.Verb)
                && (
                    Rowset.Next is not null
                    || Rowset.Previous is not null
                    || Rowset.Rows.Any(row => row.Actions.Contains(action.Name))
                )
            ),
        ];

    /// <summary>Whether rows have links to operations.</summary>
    public bool HasRowLinks => Registration.HasForm || Registration.CanDelete || Registration.OperationPage is not null;

    /// <summary>The number of columns with long text, which share the remaining width of the table.</summary>
    public int LongColumns =>
        Enumerable
            .Range(0, Rowset.Columns.Count)
            .Count(column => Rowset.Rows.Any(row => row.Cells[column] is { FullText: not null, Rows.Count: 0 }));

    /// <summary>The result of the previous action; null if there is none.</summary>
    public string? Done { get; private set; }

    /// <summary>The key of the row that was just soft-deleted; null if there is none.</summary>
    public string? Deleted { get; private set; }

    /// <summary>Shows a page of the list.</summary>
    public async Task<IActionResult> OnGetAsync(
        [FromRoute] string list,
        string? done,
        int? count,
        string? row,
        CancellationToken cancellationToken
    )
    {
        if (!TryOpen(list))
            return NotFound();
        State = ListState.Read(Registration, Request.Query);
        using var deadline = new QueryDeadline(
            AdminRequest.Db,
            options.Value.ListTimeout,
            AdminRequest.Clock,
            cancellationToken
        );
        var combines = Rows.Combines(State);
        if (await deadline.RunAsync(token => Rows.ListAsync(State, token), combines) is (true, { } found))
            Rowset = found;
        else
            (Rowset, TookTooLong) = (new(Rows.Shown(State), [], null, null), true);
        // All rows of the page may have been deleted: show the last page.
        if (
            !TookTooLong
            && State.Cursor is not null
            && Rowset is { Error: null, Rows.Count: 0 }
            && await deadline.RunAsync(
                token => Rows.ListAsync(State with { Cursor = PageCursor.Last }, token),
                combines
            )
                is (true, { } last)
        )
            (State, Rowset) = (State with { Cursor = last.Rows.Count > 0 ? PageCursor.Last : null }, last);
        if (Rowset.Error is { } lost)
            State = State with { Cursor = null, Errors = [.. State.Errors, lost] };
        // The visible rows are a lower bound.
        Count =
            !TookTooLong
            && await deadline.RunAsync(token => Rows.CountAsync(State, token), combines) is (true, var counted)
                ? counted
                : new CappedCount(Rowset.Rows.Count) { IsLeast = true };
        ActiveFilters = await Rows.ActiveFiltersAsync(State, cancellationToken);
        var allFacets = new List<(Filter, IReadOnlyList<Facet>)>();
        var picks = new Dictionary<string, LinkPick>(StringComparer.Ordinal);
        var pickReader = new LinkPickReader(AdminRequest, Registration, State, Request.Query);
        foreach (var filter in State.ShowsFilters ? Registration.Filters : [])
        {
            var (wasPicked, pick) = await deadline.RunAsync(
                token => pickReader.ReadAsync(filter, token),
                isNarrowed: false
            );
            IsNotCounted |= !wasPicked;
            if (filter.IsPicked && pick is null)
                continue;
            if (pick is not null)
                picks[filter.Name] = pick;
            var facets =
                State.Errors.Count > 0 || TookTooLong
                    ? (InTime: true, Answer: [])
                    : await deadline.RunAsync(token => Rows.FacetsAsync(State, filter, token), isNarrowed: false);
            IsNotCounted |= !facets.InTime;
            if (facets.Answer is { Count: > 0 } || filter.IsTyped || filter.IsPicked)
                allFacets.Add((filter, facets.Answer ?? []));
        }
        (Facets, Picks) = (allFacets, picks);
        (Done, Deleted) = done switch
        {
            // Parsed and rewritten as a key, because it becomes part of a form's URL.
            "deleted" => (
                $"{Registration.Singular} deleted.",
                Registration.DeletedAtField is not null && RowKey.Parse(row, Registration.Key) is { } key
                    ? RowKey.Format(key)
                    : null
            ),
            "done" => ($"The action was applied to {count ?? 0:N0} {(count == 1 ? "row" : "rows")}.", null),
            "edited" => (
                count > 0 ? $"{count:N0} {(count == 1 ? "row" : "rows")} saved." : "Nothing was changed.",
                null
            ),
            "imported" => ($"{count ?? 0:N0} {(count == 1 ? "row" : "rows")} imported.", null),
            _ => (null, null),
        };
        if (State.Errors.Count > 0)
            Response.StatusCode = StatusCodes.Status400BadRequest;
        else if (TookTooLong)
            Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Page();
    }

    /// <summary>The URL of an export of the list.</summary>
    public string Export(string format, bool forImport = false)
    {
        var query = (State with { Cursor = null, Size = 50, ShowsFilters = false }).ToString();
        var fields = forImport ? "&fields=form" : "";
        return $"/{Registration.Slug}/-/export{query}{(query.Length == 0 ? '?' : '&')}format={format}{fields}";
    }

    /// <summary>
    /// The query string with which a row's page links back to this list. Very long states are dropped, because browsers
    /// limit the length of URLs.
    /// </summary>
    public string From => State.ToString() is { Length: < 2000 } query ? $"?from={Uri.EscapeDataString(query)}" : "";

    /// <summary>The URL of the list with a state.</summary>
    public string Address(ListState state) => $"/{Registration.Slug}{state}";

    /// <summary>The comparisons of a filter that take a typed value, by their names in URLs.</summary>
    public IReadOnlyList<string> ComparisonsOf(Filter filter) =>
        [
            .. filter
                .Comparisons(Registration.SortsBySeveral)
                .Where(comparison => comparison is not (Comparison.Empty or Comparison.On))
                .Select(comparison => comparison.ToString().ToLowerInvariant()),
        ];

    /// <summary>The list's query parameters except for the typed values of a filter.</summary>
    public IEnumerable<(string Name, string Value)> OtherInputs(Filter filter)
    {
        var typed = ComparisonsOf(filter).Select(comparison => $"f.{filter.Name}.{comparison}").ToList();
        return State.Inputs().Where(input => !typed.Contains(input.Name));
    }

    /// <summary>The label of a comparison.</summary>
    public static string Words(string comparison) =>
        comparison switch
        {
            "is" => "Is",
            "has" => "Contains",
            "from" => "From",
            _ => "To",
        };

    /// <summary>The current value of a filter's comparison.</summary>
    public string? ValueOf(Filter filter, string comparison) =>
        State
            .Filters.FirstOrDefault(by =>
                by.Field == filter.Name
                && by.Comparison.ToString().Equals(comparison, StringComparison.OrdinalIgnoreCase)
            )
            ?.Values[0];

    /// <summary>An example value; null if none is needed.</summary>
    public static string? Example(Filter filter, string comparison) =>
        comparison != "has" && TypedText.IsDate(filter.Field.Type) ? "2026-03-14"
        // Shows how the values are stored, because the offered ones may be shown in other words.
        : comparison == "is" && filter.Choices.Count > 0 ? filter.Choices[0]
        : null;
}
