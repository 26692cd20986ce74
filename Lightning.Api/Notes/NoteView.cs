using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Api.Access;
using Lightning.Authorization;
using Lightning.Data.Notes;

namespace Lightning.Api.Notes;

/// <summary>
/// The writable properties of a note. Public, because the validation generator skips types that are not.
/// </summary>
[Writes<Note>(Verb.Create, Verb.Update)]
public sealed record NoteInput
{
    /// <summary>The title.</summary>
    [Required(ErrorMessage = "Required.")]
    [StringLength(Note.TitleLength, ErrorMessage = "Must be at most {1} characters.")]
    [Storable]
    [Description("The title.")]
    public required string Title { get; init; }

    /// <summary>The text; may be empty.</summary>
    [StringLength(Note.BodyLength, ErrorMessage = "Must be at most {1} characters.")]
    [Storable]
    [Description("The text. Can be empty.")]
    public string Body { get; init; } = "";
}

/// <summary>Notes to archive or unarchive.</summary>
[Writes<Note>(Verb.Archive)]
public sealed record ArchiveInput
{
    /// <summary>The ids of the notes.</summary>
    [NoField]
    [MinLength(1, ErrorMessage = "Must contain at least one id.")]
    [MaxLength(100, ErrorMessage = "Must contain at most {1} ids.")]
    [Description("The ids of the notes, at most 100.")]
    public required Guid[] Ids { get; init; }

    /// <summary>True to archive the notes, false to unarchive them.</summary>
    [Field(nameof(Note.ArchivedAt))]
    [Description("True to archive the notes, false to unarchive them.")]
    public required bool Archived { get; init; }
}

/// <summary>A note.</summary>
sealed record NoteView(
    Guid Id,
    string Title,
    string Body,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    [property: Description("When the note was archived (UTC); null if it is not archived.")] DateTimeOffset? ArchivedAt,
    [property: Description("When the note was pinned (UTC); null if it is not pinned.")] DateTimeOffset? PinnedAt,
    [property: Description("Whether you own the note or, in an organization, created it.")] bool IsOwn,
    [property: Description("The id of the organization that the note belongs to; null for a personal note.")]
        Guid? OrganizationId,
    [property: Description("The version of the note, for If-Match.")] string Etag,
    [property: Description("What you are allowed to do with the note, by verb.")] IReadOnlyDictionary<string, bool> Can
) : IVersioned
{
    public static NoteView Create(RowWithGrants<Note> rowWithGrants, Policy<Note> policy, Actor actor)
    {
        var note = rowWithGrants.Row;
        return new(
            note.Id,
            note.Title,
            note.Body,
            note.CreatedAt,
            note.UpdatedAt,
            note.ArchivedAt,
            note.PinnedAt,
            note.OwnerId == actor.UserId,
            note.OrganizationId,
            Versioned.ETag(note.Version),
            policy.Can(actor, rowWithGrants)
        );
    }
}

/// <summary>A page of notes.</summary>
sealed record NotePage(
    IReadOnlyList<NoteView> Items,
    [property: Description("The cursor of the next page, for `after`; null on the last page.")] string? Next
);

/// <summary>The notes that were archived or unarchived.</summary>
sealed record ArchivedNotes(
    [property: Description("The ids of the notes. Notes that you are not allowed to archive are omitted.")]
        IReadOnlyList<Guid> Ids
);
