namespace Lightning.Admin.Forms;

/// <summary>The rows that a row is linked with, as far as whoever looks may read them, held against what they were shown. Those that they may not read stay as they are.</summary>
/// <param name="Keys">Their keys, as parts of an address: the first, and those that the form speaks of.</param>
/// <param name="HasMore">Whether there are more, which stay as they are too.</param>
/// <param name="Seen">What whoever sent the form was shown; null where they do not say.</param>
sealed record LinkedRows(IReadOnlyList<string> Keys, bool HasMore, string? Seen)
{
    /// <summary>The most rows in a form.</summary>
    public const int Most = 100;

    /// <summary>The most that are taken: those that were there, and as many again.</summary>
    public const int MostSent = 2 * Most;

    /// <summary>The most that a text is taken apart into: more than are taken, so that too many are seen to be, and few enough to be looked up, whoever sends them.</summary>
    const int MostRead = 6 * Most;

    /// <summary>Them as a field's text, as far as it can be held against what was seen: of too many to be shown, it is known only of those.</summary>
    public string Now => Text(HasMore && Seen is not null ? Keys.Intersect(Lines(Seen)) : Keys);

    /// <summary>The keys in a field's text, as far as they are read.</summary>
    public static IReadOnlyList<string> Lines(string text)
    {
        var lines = text.Split('\n', MostRead + 1, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        // The last of too many is all the rest.
        return lines.Length > MostRead ? lines[..MostRead] : lines;
    }

    /// <summary>The keys in the text of a field that picks one row or several.</summary>
    public static IReadOnlyList<string> Picked(FormField field, string text) => field.Links is not null ? Lines(text) : text.Length > 0 ? [text] : [];

    /// <summary>Keys as a field's text, the same however they came.</summary>
    public static string Text(IEnumerable<string> keys) => string.Join('\n', keys.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
}
