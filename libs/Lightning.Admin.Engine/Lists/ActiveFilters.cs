using Lightning.Admin.Engine.Linq;
using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Values;

namespace Lightning.Admin.Engine.Lists;

/// <summary>
/// Describes the active filters of a list, each with the list without it. Keys are shown as the row's name if the actor
/// may read that row.
/// </summary>
sealed class ActiveFilters(Registration registration, AdminRequest request, LinkFilter links)
{
    public async Task<IReadOnlyList<Facet>> ReadAsync(ListState state, CancellationToken cancellationToken)
    {
        var all = new List<Facet>();
        foreach (var by in state.Filters)
        {
            var field = registration.Filters.First(filter => filter.Name == by.Field).Field;
            var names = by.Comparison == Comparison.Is ? await NamesAsync(field, by.Values, cancellationToken) : [];
            all.AddRange(
                by.Values.Select(
                    (value, index) =>
                        new Facet(
                            Words(field, by.Comparison, names.Count > 0 ? names[index] : value),
                            null,
                            state.With(by.Field, by.Comparison, [.. by.Values.Where(other => other != value)]),
                            true
                        )
                )
            );
        }
        return all;
    }

    static string Words(Field field, Comparison comparison, string value) =>
        comparison switch
        {
            Comparison.Has => $"{field.Title} contains “{value}”",
            Comparison.From => $"{field.Title} from {value}",
            Comparison.To => $"{field.Title} to {value}",
            Comparison.Empty => $"{field.Title} is {(value == "yes" ? "empty" : "not empty")}",
            _ => $"{field.Title}: {value}",
        };

    async Task<IReadOnlyList<string>> NamesAsync(
        Field field,
        IReadOnlyList<string> values,
        CancellationToken cancellationToken
    )
    {
        if (field.ManyToMany is not null)
            return
            [
                .. (await links.NamedAsync(field.ManyToMany, values, cancellationToken)).Select(one =>
                    one.Name ?? Choice.NotVisible
                ),
            ];
        var typed = values.Select(value => TypedText.TryParse(field.Type, value, out var read) ? read : null).ToList();
        if (registration.FindReferenced(field, request.Site) is not { } target)
            return
            [
                .. typed.Select(
                    (value, index) => field.Show(field.Type.UnwrapNullable() == typeof(string) ? values[index] : value)
                ),
            ];
        var names = await RowLookup.Create(target, request).NamesAsync(typed.OfType<object>(), cancellationToken);
        return
        [
            .. typed.Select(
                (value, index) => value is not null && names.TryGetValue(value, out var name) ? name : values[index]
            ),
        ];
    }
}
