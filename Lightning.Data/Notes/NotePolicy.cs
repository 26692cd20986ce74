using Lightning.Authorization;

namespace Lightning.Data.Notes;

/// <summary>
/// Owners have all rights on a personal note and may share it for reading or editing. In an organization, members read
/// and edit all notes; their creators and the organization's administrators delete them. System administrators only
/// read.
/// </summary>
public sealed class NotePolicy : Policy<Note>
{
    /// <summary>The actor owns the note, which belongs to no organization.</summary>
    public static readonly Rule<Note> Owner = Rule.For<Note>(
        (actor, note) => note.OwnerId == actor.UserId && note.OrganizationId == null,
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

    /// <summary>The actor is a member of the note's organization.</summary>
    public static readonly Rule<Note> Member = Is.MemberOf<Note>(note => note.OrganizationId);

    static readonly Rule<Note> OwnerOrMember = (Owner | Member) & Is.Writer;

    static readonly Rule<Note> Admin = Is.AdminOf<Note>(note => note.OrganizationId);

    static readonly Rule<Note> Creator = Rule.For<Note>(
        (actor, note) => note.OwnerId == actor.UserId,
        "another user created it"
    );

    /// <summary>Defines the rules.</summary>
    public NotePolicy()
    {
        Allow(Verb.Read, Owner | Shared | Member | Is.Admin);
        Allow(Verb.Create, (Owner | Member & Creator) & Is.Writer).Fields(note => note.Title, note => note.Body);
        Allow(Verb.Update, OwnerOrMember | Editor & Is.Writer).Fields(note => note.Title, note => note.Body);
        Allow(Verb.Archive, OwnerOrMember).Fields(note => note.ArchivedAt);
        Allow(Verb.Pin, OwnerOrMember).Fields(note => note.PinnedAt);
        Allow(Verb.Share, Owner & Is.Verified & Is.NotImpersonated);
        Allow(Verb.Delete, (Owner | Member & Creator | Admin) & Is.Verified & Is.Writer);
    }
}
