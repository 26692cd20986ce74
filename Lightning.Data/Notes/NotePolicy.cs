using Lightning.Authorization;

namespace Lightning.Data.Notes;

/// <summary>
/// Owners have all rights and may share a note for reading or editing; administrators may only read.
/// </summary>
public sealed class NotePolicy : Policy<Note>
{
    /// <summary>The actor owns the note.</summary>
    public static readonly Rule<Note> Owner = Rule.For<Note>(
        (actor, note) => note.OwnerId == actor.UserId,
        "note belongs to another user"
    );

    /// <summary>The note is shared with the actor.</summary>
    public static readonly Rule<Note> Shared = Rule.For<Note>(
        (actor, note) => note.Shares.Any(share => share.UserId == actor.UserId),
        "no share"
    );

    static readonly Rule<Note> Editor = Rule.For<Note>(
        (actor, note) => note.Shares.Any(share => share.UserId == actor.UserId && share.CanEdit),
        "no share for editing"
    );

    /// <summary>Defines the rules.</summary>
    public NotePolicy()
    {
        Allow(Verb.Read, Owner | Shared | Is.Admin);
        Allow(Verb.Create, Owner & Is.Writer).Fields(note => note.Title, note => note.Body);
        Allow(Verb.Update, Owner & Is.Writer | Editor & Is.Writer).Fields(note => note.Title, note => note.Body);
        Allow(Verb.Archive, Owner & Is.Writer).Fields(note => note.ArchivedAt);
        Allow(Verb.Pin, Owner & Is.Writer).Fields(note => note.PinnedAt);
        Allow(Verb.Share, Owner & Is.Verified & Is.NotImpersonated);
        Allow(Verb.Delete, Owner & Is.Verified & Is.Writer);
    }
}
