using System.Buffers.Text;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using Lightning.Authorization;
using Lightning.Data.Notes;

namespace Lightning.Api.Trash;

/// <summary>The query parameters of the trash.</summary>
public sealed record TrashQuery : IValidatableObject
{
    /// <summary>The default page size.</summary>
    internal const int DefaultLimit = 20;

    /// <summary>The page size.</summary>
    [Range(1, 100, ErrorMessage = "Must be between {1} and {2}.")]
    [DefaultValue(DefaultLimit)]
    [Description("The number of notes per page.")]
    public int? Limit { get; init; }

    /// <summary>The cursor of the page.</summary>
    [Description("The cursor of the page: `next` of the previous page.")]
    public string? After { get; init; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!string.IsNullOrEmpty(After) && TrashCursor.Parse(After) is null)
            yield return new("Not a cursor of a previous page.", [nameof(After)]);
    }
}

/// <summary>The last note of a page.</summary>
sealed record TrashCursor(DateTimeOffset DeletedAt, Guid Id)
{
    const int MaxLength = 100;

    public override string ToString() =>
        Base64Url.EncodeToString(
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{DeletedAt.UtcTicks}.{Id:N}"))
        );

    /// <summary>Parses a cursor; null if the text is not one.</summary>
    public static TrashCursor? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength || !Base64Url.IsValid(text))
            return null;
        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(text)).Split('.');
        return
            parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && Guid.TryParseExact(parts[1], "N", out var id)
            ? new TrashCursor(new DateTimeOffset(ticks, TimeSpan.Zero), id)
            : null;
    }
}

/// <summary>A note in the trash.</summary>
sealed record DeletedNoteView(
    Guid Id,
    string Title,
    string Body,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    [property: Description("When the note was deleted (UTC). It is kept for 30 days.")] DateTimeOffset DeletedAt,
    [property: Description("The version of the deleted note, for If-Match.")] string Etag,
    [property: Description("What you are allowed to do with the note, by verb.")] IReadOnlyDictionary<string, bool> Can
)
{
    /// <summary>
    /// The entity tag. A note in the trash does not change, but it may be restored and deleted again.
    /// </summary>
    public static string ETag(DeletedNote note) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{note.DeletedAt.UtcTicks}\"");

    public static DeletedNoteView Create(
        RowWithGrants<DeletedNote> rowWithGrants,
        Policy<DeletedNote> policy,
        Actor actor
    )
    {
        var note = rowWithGrants.Row;
        return new(
            note.Id,
            note.Title,
            note.Body,
            note.CreatedAt,
            note.UpdatedAt,
            note.DeletedAt,
            ETag(note),
            policy.Can(actor, rowWithGrants)
        );
    }
}

/// <summary>A page of the trash.</summary>
sealed record TrashPage(
    IReadOnlyList<DeletedNoteView> Items,
    [property: Description("The cursor of the next page, for `after`; null on the last page.")] string? Next
);
