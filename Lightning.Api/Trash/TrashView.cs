using System.ComponentModel;
using System.Globalization;
using Lightning.Authorization;
using Lightning.Data.Notes;

namespace Lightning.Api.Trash;

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
