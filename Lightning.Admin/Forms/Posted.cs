using Microsoft.Extensions.Primitives;

namespace Lightning.Admin.Forms;

/// <summary>What a person has sent of one row.</summary>
/// <param name="Fields">What they filled in, by field.</param>
/// <param name="Seen">What they were shown before, by field.</param>
/// <param name="Searches">What they search for in related rows, by field.</param>
/// <param name="SearchOnly">Whether they search, or ask for one more row, and save nothing yet.</param>
public sealed record Posted(IReadOnlyDictionary<string, string> Fields, IReadOnlyDictionary<string, string> Seen, IReadOnlyDictionary<string, string> Searches, bool SearchOnly)
{
    /// <summary>The rows that the form holds besides, in their order.</summary>
    public IReadOnlyList<PostedRow> Rows { get; init; } = [];

    /// <summary>The list that one more row is asked for in; null where none is.</summary>
    public string? Adds { get; init; }

    /// <summary>
    /// What a form holds. All that does not begin with an underscore is a field; one of another row than the form's own is called by its list, its row and itself, with colons between, and one
    /// that takes several values ends in brackets.
    /// </summary>
    public static Posted Read(IEnumerable<KeyValuePair<string, StringValues>> form)
    {
        ArgumentNullException.ThrowIfNull(form);
        var (own, rows, order) = (new Filled(), new Dictionary<(string List, string Row), Filled>(), new List<(string List, string Row)>());
        var (only, adds) = (false, (string?)null);
        foreach (var (name, values) in form)
        {
            var value = values[0] ?? "";
            if (name.StartsWith("_seen.", StringComparison.Ordinal)) Put(name[6..], (filled, field) => filled.Seen[field] = value);
            else if (name.StartsWith("_search.", StringComparison.Ordinal)) Put(name[8..], (filled, field) => filled.Searches[field] = value);
            else if (name.StartsWith("_remove.", StringComparison.Ordinal)) Put(name[8..] + ":", (filled, _) => filled.IsRemoved = true);
            else if (name == "_find") only = true;
            else if (name == "_add") (only, adds) = (true, value);
            else if (!name.StartsWith('_') && name.EndsWith("[]", StringComparison.Ordinal)) Put(name[..^2], (filled, field) => filled.Fields[field] = LinkedRows.Text(values.OfType<string>().SelectMany(LinkedRows.Lines)));
            else if (!name.StartsWith('_')) Put(name, (filled, field) => filled.Fields[field] = value);
        }
        return own.Posted(only) with
        {
            Adds = adds,
            Rows = [.. order.Select(place => new PostedRow(place.List, place.Row, rows[place].Posted(only), rows[place].IsRemoved))],
        };

        void Put(string name, Action<Filled, string> put)
        {
            var parts = name.Split(':', 3);
            if (parts.Length < 3)
            {
                put(own, name);
                return;
            }
            var place = (parts[0], parts[1]);
            if (!rows.TryGetValue(place, out var row))
            {
                rows[place] = row = new();
                order.Add(place);
            }
            put(row, parts[2]);
        }
    }

    sealed class Filled
    {
        public Dictionary<string, string> Fields { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, string> Seen { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, string> Searches { get; } = new(StringComparer.Ordinal);

        public bool IsRemoved { get; set; }

        public Posted Posted(bool only) => new(Fields, Seen, Searches, only);
    }
}

/// <summary>What a person has sent of one of several rows.</summary>
/// <param name="List">What rows they are.</param>
/// <param name="Key">Its key, as part of an address; a plus and a number where it is to be made.</param>
/// <param name="Posted">What they filled in.</param>
/// <param name="IsRemoved">Whether it is to go.</param>
public sealed record PostedRow(string List, string Key, Posted Posted, bool IsRemoved)
{
    /// <summary>Whether it is to be made.</summary>
    public bool IsNew => Key.StartsWith('+');
}
