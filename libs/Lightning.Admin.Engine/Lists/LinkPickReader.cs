using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;
using Lightning.Authorization;

namespace Lightning.Admin.Engine.Lists;

/// <summary>Reads the pickers of a list's filters.</summary>
/// <param name="request">The request.</param>
/// <param name="registration">The list's registration.</param>
/// <param name="state">The list's state.</param>
/// <param name="query">The query string, with the searches of the pickers.</param>
sealed class LinkPickReader(AdminRequest request, Registration registration, ListState state, IQueryCollection query)
{
    /// <summary>Reads the picker's state from a query string; null if the actor may read none of the rows.</summary>
    public async Task<LinkPick?> ReadAsync(Filter filter, CancellationToken cancellationToken)
    {
        if (Target(filter.Field) is not { } target)
            return null;
        if (!request.IsPossible(target, Verb.Read))
            return null;
        var rows = RowLookup.Create(target, request);
        var (search, chosen) = (
            query[LinkPick.SearchOf(filter)].ToString().Trim(),
            state.ValuesOf(filter.Name, Comparison.Is)
        );
        var error = SearchWords.Validate(search);
        var found = error is null ? await rows.PickAsync(search, RowLookup.MaxPicked, cancellationToken) : [];
        var one = chosen is [var only]
            ? new Choice(
                only,
                await rows.NameAsync(only, cancellationToken) ?? (filter.IsPicked ? Choice.NotVisible : only)
            )
            : null;
        // A single selected row is replaced; to several, one is added. "Empty" excludes a linked row.
        var rest = state
            .Inputs()
            .Where(input =>
                input.Name != $"f.{filter.Name}.empty" && (one is null || input.Name != $"f.{filter.Name}.is")
            );
        return new LinkPick(
            filter,
            registration.Slug,
            target.Slug,
            search,
            one,
            [.. found.Where(choice => choice.Key != one?.Key)],
            error ?? string.Join(' ', rows.SearchWarnings),
            [.. rest]
        );
    }

    /// <summary>
    /// The registration to pick from; null if the value is typed: the target cannot be searched, or its key could be
    /// written in several ways.
    /// </summary>
    Registration? Target(Field field) =>
        field.ManyToMany is { } links ? request.Site.Of(links.TargetEntityType.ClrType)
        : field.Type.UnwrapNullable() == typeof(Guid) || TypedText.IsNumber(field.Type.UnwrapNullable())
            ? registration.FindReferenced(field, request.Site) is { IsSearchable: true } target ? target
                : null
        : null;
}
