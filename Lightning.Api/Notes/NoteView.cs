using System.Buffers.Text;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using Lightning.Data.Notes;
using Lightning.Data.Rules;

namespace Lightning.Api.Notes;

/// <summary>What a client may write of a note. Public, because the validation generator passes over what is not.</summary>
public sealed record NoteInput
{
    /// <summary>One line.</summary>
    [Required(ErrorMessage = "A title is needed.")]
    [StringLength(Note.TitleLength, ErrorMessage = "At most {1} characters.")]
    [Storable]
    [Description("One line.")]
    public required string Title { get; init; }

    /// <summary>The text.</summary>
    [StringLength(Note.BodyLength, ErrorMessage = "At most {1} characters.")]
    [Storable]
    [Description("The text; may be empty.")]
    public string Body { get; init; } = "";
}

/// <summary>A note as a client sees it.</summary>
sealed record NoteView(
    Guid Id, string Title, string Body, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    [property: Description("The note's version, to be sent as If-Match.")] string Etag,
    [property: Description("What the caller may do to it, by verb.")] IReadOnlyDictionary<string, bool> Can)
{
    public static NoteView Of(Guarded<Note> guarded, NotePolicy policy, Actor actor)
    {
        var note = guarded.Row;
        return new(note.Id, note.Title, note.Body, note.CreatedAt, note.UpdatedAt, Tag(note), policy.Can(actor, guarded));
    }

    /// <summary>The note's entity tag (RFC 9110, 8.8.3).</summary>
    public static string Tag(Note note) => string.Create(CultureInfo.InvariantCulture, $"\"{note.Version}\"");
}

/// <summary>A page of notes.</summary>
sealed record NotePage(
    IReadOnlyList<NoteView> Items,
    [property: Description("To be sent as `after` for the next page; null on the last one.")] string? Next);

/// <summary>Which notes to list.</summary>
public sealed record NoteListQuery
{
    /// <summary>How many where the caller does not say.</summary>
    internal const int DefaultLimit = 20;

    /// <summary>How many.</summary>
    [Range(1, 100, ErrorMessage = "Between {1} and {2}.")]
    [DefaultValue(DefaultLimit)]
    public int? Limit { get; init; }

    /// <summary>Where to go on.</summary>
    [NoteCursorText]
    [Description("The `next` of the page before.")]
    public string? After { get; init; }
}

/// <summary>A place in a list of notes that stays the same whatever is added: the sort key of the last one seen.</summary>
sealed record NoteCursor(DateTimeOffset UpdatedAt, Guid Id)
{
    public static NoteCursor Of(Note note) => new(note.UpdatedAt, note.Id);

    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{UpdatedAt.UtcTicks}.{Id:N}")));

    /// <summary>The place that a text names, or null where it names none.</summary>
    public static NoteCursor? Read(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > 100 || !Base64Url.IsValid(text)) return null;
        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split('.');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(parts[1], "N", out var id) ? new NoteCursor(new DateTimeOffset(ticks, TimeSpan.Zero), id) : null;
    }
}

/// <summary>Text that is a place in the list, or nothing.</summary>
sealed class NoteCursorTextAttribute() : ValidationAttribute("Not a place that an earlier page named.")
{
    public override bool IsValid(object? value) => value is not string { Length: > 0 } text || NoteCursor.Read(text) is not null;
}
