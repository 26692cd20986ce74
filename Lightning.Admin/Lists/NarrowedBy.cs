using Lightning.Admin.Forms;
using Lightning.Admin.Registrations;
using Lightning.Admin.Values;

namespace Lightning.Admin.Lists;

/// <summary>What a list is narrowed by, in words, each with the list as it is without. Where a value is the key of a row, it is said by that row's name, as far as the actor may read it.</summary>
sealed class NarrowedBy(Registration registration, AdminRequest request, LinkFilter links)
{
    public async Task<IReadOnlyList<Facet>> ReadAsync(ListState state, CancellationToken cancellationToken)
    {
        var all = new List<Facet>();
        foreach (var by in state.Filters)
        {
            var field = registration.Filters.First(filter => filter.Name == by.Field).Field;
            var names = by.Comparison == Comparison.Is ? await NamesAsync(field, by.Values, cancellationToken) : [];
            all.AddRange(by.Values.Select((value, place) => new Facet(Words(field, by.Comparison, names.Count > 0 ? names[place] : value), null,
                state.With(by.Field, by.Comparison, [.. by.Values.Where(other => other != value)]), true)));
        }
        return all;
    }

    static string Words(Field field, Comparison comparison, string value) => comparison switch
    {
        Comparison.Has => $"{field.Title} contains “{value}”",
        Comparison.From => $"{field.Title} from {value}",
        Comparison.To => $"{field.Title} to {value}",
        Comparison.Empty => $"{field.Title} is {(value == "yes" ? "empty" : "not empty")}",
        _ => $"{field.Title}: {value}",
    };

    async Task<IReadOnlyList<string>> NamesAsync(Field field, IReadOnlyList<string> values, CancellationToken cancellationToken)
    {
        if (field.Links is not null) return [.. (await links.NamedAsync(field.Links, values, cancellationToken)).Select(one => one.Name ?? Pickers.Unseen)];
        var typed = values.Select(value => TypedText.TryRead(field.Type, value, out var read) ? read : null).ToList();
        if (registration.Leads(field, request.Site) is not { } target) return [.. typed.Select((value, place) => field.Type.NotNull() == typeof(string) ? values[place] : field.Show(value))];
        var names = await target.Open(request).NamesAsync(typed.OfType<object>(), cancellationToken);
        return [.. typed.Select((value, place) => value is not null && names.TryGetValue(value, out var name) ? name : values[place])];
    }
}
