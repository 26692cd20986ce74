using Lightning.Admin.Registrations;

namespace Lightning.Admin.Forms;

/// <summary>What fields offer to pick: all those of a form that pick from the same list share one query for what is found there, and one for the names of what is picked already.</summary>
sealed class Pickers(AdminRequest request)
{
    /// <summary>Rows that a picker finds.</summary>
    public const int Most = 20;

    /// <summary>What a row is called that is picked, and that whoever looks may not read.</summary>
    public const string Unseen = "(not to be seen)";

    /// <summary>The fields with their rows to choose from.</summary>
    public async Task<IReadOnlyList<FormInput>> OfferAsync(IReadOnlyList<FormInput> inputs, CancellationToken cancellationToken)
    {
        var offered = inputs.ToArray();
        foreach (var list in inputs.Select((input, place) => (Input: input, Place: place, From: input.Field.Target is { } target ? request.Site.Of(target.ClrType) : null)).Where(one => one.From is not null).GroupBy(one => one.From!))
        {
            var (rows, found) = (list.Key.Open(request), new Dictionary<string, IReadOnlyList<Choice>>(StringComparer.Ordinal));
            foreach (var search in list.Select(one => one.Input.Search).Distinct()) found[search] = await rows.PickAsync(search, Most, cancellationToken);
            var names = found.Values.SelectMany(choices => choices).DistinctBy(choice => choice.Key).ToDictionary(choice => choice.Key, choice => choice.Name, StringComparer.Ordinal);
            var others = list.SelectMany(one => Named(one.Input)).Distinct().Where(key => !names.ContainsKey(key)).ToList();
            if (others.Count > 0) foreach (var (key, name) in await rows.NamedAsync(others, cancellationToken)) names[key] = name;
            foreach (var (input, place, _) in list) offered[place] = Offer(input, found[input.Search], key => names.GetValueOrDefault(key, Unseen)) with { PickFrom = list.Key.Slug, LeftOut = string.Join(' ', rows.LeftOut) };
        }
        return offered;
    }

    static IEnumerable<string> Named(FormInput input) => LinkedRows.Picked(input.Field, input.Text).Concat(LinkedRows.Picked(input.Field, input.Theirs ?? "")).Concat(input.Field.Links is null ? [] : LinkedRows.Lines(input.Seen));

    static FormInput Offer(FormInput input, IReadOnlyList<Choice> found, Func<string, string> name)
    {
        if (input.Theirs is { Length: > 0 } theirs) input = input with { Theirs = string.Join(", ", LinkedRows.Picked(input.Field, theirs).Select(name).Order(StringComparer.OrdinalIgnoreCase)) };
        // What is picked, and what was, before what is found.
        var chosen = LinkedRows.Picked(input.Field, input.Text).ToHashSet(StringComparer.Ordinal);
        var picked = chosen.Union(input.Field.Links is null ? [] : LinkedRows.Lines(input.Seen)).Where(key => input.Field.Links is not null || found.All(choice => choice.Key != key));
        var choices = picked.Select(key => new Choice(key, name(key))).OrderBy(choice => choice.Name, StringComparer.OrdinalIgnoreCase).ToList();
        return input with { Chosen = chosen, Choices = [.. choices, .. found.Where(choice => choices.All(other => other.Key != choice.Key))] };
    }
}
