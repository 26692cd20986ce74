using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;

namespace Lightning.Admin.Engine.Lists;

/// <summary>
/// The picker of a filter by a related row. A script searches as the user types; without it, the search is a form.
/// </summary>
/// <param name="Filter">The filter.</param>
/// <param name="List">The list's slug.</param>
/// <param name="From">The slug of the rows to pick from.</param>
/// <param name="Search">The search.</param>
/// <param name="Chosen">The selected row; null if none or several are selected.</param>
/// <param name="Found">The matching rows.</param>
/// <param name="SearchWarnings">A warning about an incomplete search.</param>
/// <param name="Inputs">The list's other query parameters.</param>
public sealed record LinkPick(
    Filter Filter,
    string List,
    string From,
    string Search,
    Choice? Chosen,
    IReadOnlyList<Choice> Found,
    string SearchWarnings,
    IReadOnlyList<(string Name, string Value)> Inputs
)
{
    /// <summary>The name of the field for the row's key.</summary>
    public string Name => $"f.{Filter.Name}.is";

    /// <summary>The name of the search field.</summary>
    public string SearchName => SearchOf(Filter);

    /// <summary>The name of a filter's search field.</summary>
    internal static string SearchOf(Filter filter) => $"find.{filter.Name}";
}
