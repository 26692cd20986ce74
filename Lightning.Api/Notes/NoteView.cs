using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Lightning.Api.Access;
using Lightning.Data.Notes;
using Lightning.Data.Rules;

namespace Lightning.Api.Notes;

/// <summary>What a client may write of a note. Public, because the validation generator passes over what is not.</summary>
[Writes<Note>(Verb.Create, Verb.Update)]
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

/// <summary>Notes to put away, or to take out again.</summary>
[Writes<Note>(Verb.Archive)]
public sealed record ArchiveInput
{
    /// <summary>Which.</summary>
    [NoField]
    [MinLength(1, ErrorMessage = "Name at least one.")]
    [MaxLength(100, ErrorMessage = "At most {1} at once.")]
    [Description("The notes' ids, 100 at most.")]
    public required Guid[] Ids { get; init; }

    /// <summary>Whether to put them away.</summary>
    [Field(nameof(Note.ArchivedAt))]
    [Description("True to put them away, false to take them out again.")]
    public required bool Archived { get; init; }
}

/// <summary>A note as a client sees it.</summary>
sealed record NoteView(
    Guid Id, string Title, string Body, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    [property: Description("When its owner put it away.")] DateTimeOffset? ArchivedAt,
    [property: Description("When its owner pinned it.")] DateTimeOffset? PinnedAt,
    [property: Description("Whether it is the caller's own; else somebody shares it with them.")] bool IsOwn,
    [property: Description("The note's version, to be sent as If-Match.")] string Etag,
    [property: Description("What the caller may do to it, by verb.")] IReadOnlyDictionary<string, bool> Can) : IVersioned
{
    public static NoteView Of(Guarded<Note> guarded, NotePolicy policy, Actor actor)
    {
        var note = guarded.Row;
        return new(note.Id, note.Title, note.Body, note.CreatedAt, note.UpdatedAt, note.ArchivedAt, note.PinnedAt, note.OwnerId == actor.UserId, Versioned.Tag(note.Version), policy.Can(actor, guarded));
    }
}

/// <summary>A page of notes.</summary>
sealed record NotePage(
    IReadOnlyList<NoteView> Items,
    [property: Description("To be sent as `after` for the next page; null on the last one.")] string? Next);

/// <summary>What was put away or taken out.</summary>
sealed record ArchivedNotes([property: Description("Those that the caller may put away; whatever else was named is left out.")] IReadOnlyList<Guid> Ids);
