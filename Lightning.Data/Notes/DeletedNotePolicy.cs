using Lightning.Authorization;

namespace Lightning.Data.Notes;

/// <summary>
/// Owners see their trash, members that of their organization. Who may delete a note may restore it, or delete it
/// permanently.
/// </summary>
public sealed class DeletedNotePolicy : Policy<DeletedNote>
{
    /// <summary>The actor owns the note, which belongs to no organization.</summary>
    public static readonly Rule<DeletedNote> Owner = Rule.For<DeletedNote>(
        (actor, note) => note.OwnerId == actor.UserId && note.OrganizationId == null,
        "note belongs to another user"
    );

    /// <summary>The actor is a member of the note's organization.</summary>
    public static readonly Rule<DeletedNote> Member = Is.MemberOf<DeletedNote>(note => note.OrganizationId);

    static readonly Rule<DeletedNote> Admin = Is.AdminOf<DeletedNote>(note => note.OrganizationId);

    static readonly Rule<DeletedNote> Creator = Rule.For<DeletedNote>(
        (actor, note) => note.OwnerId == actor.UserId,
        "another user created it"
    );

    /// <summary>Defines the rules.</summary>
    public DeletedNotePolicy()
    {
        Allow(Verb.Read, Owner | Member);
        Allow(Verb.Restore, (Owner | Member & Creator | Admin) & Is.Verified & Is.Writer);
        Allow(Verb.Delete, (Owner | Member & Creator | Admin) & Is.Verified & Is.Writer);
    }
}
