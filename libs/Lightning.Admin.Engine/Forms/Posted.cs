using Microsoft.Extensions.Primitives;

namespace Lightning.Admin.Engine.Forms;

/// <summary>The posted form values of one row, all as text.</summary>
/// <param name="Fields">The posted values, by field name.</param>
/// <param name="Originals">The values that the form was rendered with, by field name.</param>
/// <param name="Searches">The search texts for related rows, by field name.</param>
/// <param name="IsSearch">
/// Whether to render the form again without saving: the user searched or added a child row, or the form is stale.
/// </param>
public sealed record Posted(
    IReadOnlyDictionary<string, string> Fields,
    IReadOnlyDictionary<string, string> Originals,
    IReadOnlyDictionary<string, string> Searches,
    bool IsSearch
)
{
    /// <summary>The posted child rows, or the rows that are edited in the list, in form order.</summary>
    public IReadOnlyList<PostedRow> Rows { get; init; } = [];

    /// <summary>The name of the child list to which the user added a row; null for none.</summary>
    public string? AddsTo { get; init; }

    /// <summary>
    /// Parses a posted form. Names that begin with an underscore are not fields. Fields of child rows and of rows
    /// edited in the list are named <c>list:row:field</c>. The name of a field with several values ends with <c>[]</c>.
    /// </summary>
    public static Posted Read(IEnumerable<KeyValuePair<string, StringValues>> form)
    {
        ArgumentNullException.ThrowIfNull(form);
        var (mainRow, rows, order) = (
            new RowBuilder(),
            new Dictionary<(string List, string Row), RowBuilder>(),
            new List<(string List, string Row)>()
        );
        var (searchOnly, addTo) = (false, (string?)null);
        foreach (var (name, values) in form)
        {
            var value = values[0] ?? "";
            if (name.StartsWith("_seen.", StringComparison.Ordinal))
                Set(name[6..], (row, field) => row.Originals[field] = value);
            else if (name.StartsWith("_search.", StringComparison.Ordinal))
                Set(name[8..], (row, field) => row.Searches[field] = value);
            else if (name.StartsWith("_remove.", StringComparison.Ordinal))
                Set(name[8..] + ":", (row, _) => row.IsRemoved = true);
            else if (name == "_find")
                searchOnly = true;
            else if (name == "_add")
                (searchOnly, addTo) = (true, value);
            else if (!name.StartsWith('_') && name.EndsWith("[]", StringComparison.Ordinal))
                Set(
                    name[..^2],
                    (row, field) =>
                        row.Fields[field] = LinkedRows.JoinKeys(
                            values.OfType<string>().SelectMany(LinkedRows.SplitKeys)
                        )
                );
            else if (!name.StartsWith('_'))
                Set(name, (row, field) => row.Fields[field] = value);
        }
        return mainRow.Build(searchOnly) with
        {
            AddsTo = addTo,
            Rows =
            [
                .. order.Select(rowName => new PostedRow(
                    rowName.List,
                    rowName.Row,
                    rows[rowName].Build(searchOnly),
                    rows[rowName].IsRemoved
                )),
            ],
        };

        void Set(string name, Action<RowBuilder, string> assign)
        {
            var parts = name.Split(':', 3);
            if (parts.Length < 3)
            {
                assign(mainRow, name);
                return;
            }
            var rowName = (parts[0], parts[1]);
            if (!rows.TryGetValue(rowName, out var row))
            {
                rows[rowName] = row = new();
                order.Add(rowName);
            }
            assign(row, parts[2]);
        }
    }

    sealed class RowBuilder
    {
        public Dictionary<string, string> Fields { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, string> Originals { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, string> Searches { get; } = new(StringComparer.Ordinal);

        public bool IsRemoved { get; set; }

        public Posted Build(bool searchOnly) => new(Fields, Originals, Searches, searchOnly);
    }
}

/// <summary>The posted values of a child row, or of a row that is edited in the list.</summary>
/// <param name="List">The name of the child list; <c>rows</c> if the row is edited in the list.</param>
/// <param name="Key">The key as a URL segment; a plus sign and a number for a new row.</param>
/// <param name="Values">The posted values.</param>
/// <param name="IsRemoved">Whether the row is marked for removal.</param>
public sealed record PostedRow(string List, string Key, Posted Values, bool IsRemoved)
{
    /// <summary>Whether the row is new.</summary>
    public bool IsNew => Key.StartsWith('+');
}
