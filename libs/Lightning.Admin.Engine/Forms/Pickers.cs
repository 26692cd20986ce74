using Lightning.Admin.Engine.Queries;
using Lightning.Admin.Engine.Registrations;

namespace Lightning.Admin.Engine.Forms;

/// <summary>
/// Loads the choices of relation fields: fields of one form that pick from the same list share one query for the
/// matches and one for the names of the picked rows.
/// </summary>
sealed class Pickers(AdminRequest request)
{
    /// <summary>Adds the choices to the fields.</summary>
    public async Task<IReadOnlyList<FormInput>> OfferAsync(
        IReadOnlyList<FormInput> inputs,
        CancellationToken cancellationToken
    )
    {
        var offered = inputs.ToArray();
        foreach (
            var list in inputs
                .Select(
                    (input, index) =>
                        (
                            Input: input,
                            Index: index,
                            From: input.Field.Target is { } target ? request.Site.Of(target.ClrType) : null
                        )
                )
                .Where(one => one.From is not null)
                .GroupBy(one => one.From!)
        )
        {
            var (rows, found) = (
                RowLookup.Create(list.Key, request),
                new Dictionary<string, IReadOnlyList<Choice>>(StringComparer.Ordinal)
            );
            foreach (var search in list.Select(one => one.Input.Search).Distinct())
                found[search] = await rows.PickAsync(search, RowLookup.MaxPicked, cancellationToken);
            var names = found
                .Values.SelectMany(choices => choices)
                .DistinctBy(choice => choice.Key)
                .ToDictionary(choice => choice.Key, choice => choice.Name, StringComparer.Ordinal);
            var others = list.SelectMany(one => Named(one.Input))
                .Distinct()
                .Where(key => !names.ContainsKey(key))
                .ToList();
            if (others.Count > 0)
                foreach (var (key, name) in await rows.NamedAsync(others, cancellationToken))
                    names[key] = name;
            foreach (var (input, index, _) in list)
                offered[index] = Offer(
                    input,
                    found[input.Search],
                    key => names.GetValueOrDefault(key, Choice.NotVisible)
                ) with
                {
                    PickFrom = list.Key.Slug,
                    SearchWarnings = string.Join(' ', rows.SearchWarnings),
                };
        }
        return offered;
    }

    static IEnumerable<string> Named(FormInput input) =>
        LinkedRows
            .ParseKeys(input.Field, input.Text)
            .Concat(LinkedRows.ParseKeys(input.Field, input.ConcurrentValue ?? ""))
            .Concat(input.Field.ManyToMany is null ? [] : LinkedRows.SplitKeys(input.Seen));

    static FormInput Offer(FormInput input, IReadOnlyList<Choice> found, Func<string, string> name)
    {
        if (input.ConcurrentValue is { Length: > 0 } theirs)
            input = input with
            {
                ConcurrentValue = string.Join(
                    ", ",
                    LinkedRows.ParseKeys(input.Field, theirs).Select(name).Order(StringComparer.OrdinalIgnoreCase)
                ),
            };
        // Picked and previously picked rows come before the matches.
        var chosen = LinkedRows.ParseKeys(input.Field, input.Text).ToHashSet(StringComparer.Ordinal);
        var picked = chosen
            .Union(input.Field.ManyToMany is null ? [] : LinkedRows.SplitKeys(input.Seen))
            .Where(key => input.Field.ManyToMany is not null || found.All(choice => choice.Key != key));
        var choices = picked
            .Select(key => new Choice(key, name(key)))
            .OrderBy(choice => choice.Name, StringComparer.OrdinalIgnoreCase)
            .ToList();
        return input with
        {
            Chosen = chosen,
            Choices = [.. choices, .. found.Where(choice => choices.All(other => other.Key != choice.Key))],
        };
    }
}
