namespace Lightning.Admin.Engine.Forms;

/// <summary>
/// The linked rows of a many-to-many field that the actor can read, and those that the form was rendered with. Linked
/// rows that the actor cannot read stay unchanged.
/// </summary>
/// <param name="Keys">
/// The keys as URL segments: the first <see cref="MaxShown"/>, and those of the others that the form contains.
/// </param>
/// <param name="HasMore">Whether more rows are linked; those stay unchanged.</param>
/// <param name="OriginalText">The keys that the form was rendered with; null if it did not post them.</param>
sealed record LinkedRows(IReadOnlyList<string> Keys, bool HasMore, string? OriginalText)
{
    /// <summary>The maximum number of linked rows that a form shows per field.</summary>
    public const int MaxShown = 100;

    /// <summary>The maximum number of posted keys per field: those shown and as many new ones.</summary>
    public const int MaxPosted = 2 * MaxShown;

    /// <summary>
    /// The maximum number of keys to parse. Higher than <see cref="MaxPosted"/>, so that too many keys are reported.
    /// </summary>
    const int MaxParsed = 6 * MaxShown;

    /// <summary>
    /// The current keys as text, to compare with the form. If it did not show all, only the keys that it showed.
    /// </summary>
    public string CurrentText =>
        JoinKeys(HasMore && OriginalText is not null ? Keys.Intersect(SplitKeys(OriginalText)) : Keys);

    /// <summary>The keys in a field's text, one per line; the excess above a maximum is dropped.</summary>
    public static IReadOnlyList<string> SplitKeys(string text)
    {
        var lines = text.Split(
            '\n',
            MaxParsed + 1,
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
        );
        // The element after the maximum is the rest of the text, not split.
        return lines.Length > MaxParsed ? lines[..MaxParsed] : lines;
    }

    /// <summary>The keys in the text of a single or multiple relation field.</summary>
    public static IReadOnlyList<string> ParseKeys(FormField field, string text) =>
        field.ManyToMany is not null ? SplitKeys(text)
        : text.Length > 0 ? [text]
        : [];

    /// <summary>The distinct keys, sorted, one per line.</summary>
    public static string JoinKeys(IEnumerable<string> keys) =>
        string.Join('\n', keys.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
}
