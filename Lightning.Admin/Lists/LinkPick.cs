using Lightning.Admin.Forms;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;
using Lightning.Data.Rules;

namespace Lightning.Admin.Lists;

/// <summary>Rows to choose, to narrow a list to what leads to one of them or is linked with it. As in a form they are searched for, with a script as one types.</summary>
/// <param name="Filter">The filter.</param>
/// <param name="List">The list's name in addresses.</param>
/// <param name="From">That of the rows.</param>
/// <param name="Search">What was searched for.</param>
/// <param name="Chosen">The row that is chosen, where it is one.</param>
/// <param name="Found">Those that the search finds.</param>
/// <param name="LeftOut">What the search has not looked for.</param>
/// <param name="Inputs">The rest of the list's address.</param>
public sealed record LinkPick(Filter Filter, string List, string From, string Search, Choice? Chosen, IReadOnlyList<Choice> Found, string LeftOut, IReadOnlyList<(string Name, string Value)> Inputs)
{
    /// <summary>The field that names the row.</summary>
    public string Name => $"f.{Filter.Name}.is";

    /// <summary>The field of the search.</summary>
    public string SearchName => SearchOf(Filter);

    /// <summary>Looks for what an address asks for; null where whoever looks may read none of them.</summary>
    internal static async Task<LinkPick?> ReadAsync(AdminRequest request, Registration registration, Filter filter, ListState state, IQueryCollection query, CancellationToken cancellationToken)
    {
        if (Target(filter.Field, registration, request.Site) is not { } target) return null;
        var rows = target.Open(request);
        if (!rows.IsPossible(Verb.Read)) return null;
        var (search, chosen) = (query[SearchOf(filter)].ToString().Trim(), state.ValuesOf(filter.Name, Comparison.Is));
        var fault = SearchWords.Fault(search);
        var found = fault is null ? await rows.PickAsync(search, Pickers.Most, cancellationToken) : [];
        var one = chosen is [var only] ? new Choice(only, await rows.NameAsync(only, cancellationToken) ?? (filter.IsPicked ? Pickers.Unseen : only)) : null;
        // One that is chosen is replaced; several stay, and one is added to them. What is linked with a row is not empty.
        var rest = state.Inputs().Where(input => input.Name != $"f.{filter.Name}.empty" && (one is null || input.Name != $"f.{filter.Name}.is"));
        return new(filter, registration.Slug, target.Slug, search, one, [.. found.Where(choice => choice.Key != one?.Key)], fault ?? string.Join(' ', rows.LeftOut), [.. rest]);
    }

    /// <summary>What is chosen among; null where a value is filled in, as it is where nothing can be searched for, and where that of a column and that of an address might be written otherwise.</summary>
    static Registration? Target(Field field, Registration registration, AdminSite site) => field.Links is { } links ? site.Of(links.TargetEntityType.ClrType)
        : field.Type.NotNull() == typeof(Guid) || TypedText.IsNumber(field.Type.NotNull()) ? registration.Leads(field, site) is { IsSearchable: true } target ? target : null : null;

    static string SearchOf(Filter filter) => $"find.{filter.Name}";
}
