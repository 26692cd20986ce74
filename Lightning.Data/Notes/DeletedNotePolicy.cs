using Lightning.Authorization;

namespace Lightning.Data.Notes;

/// <summary>Only owners see their trash. Who may delete a note may restore it, or delete it permanently.</summary>
public sealed class DeletedNotePolicy : Policy<DeletedNote>
{
    static readonly Rule<DeletedNote> Owner = Rule.For<DeletedNote>(
        (actor, note) => note.OwnerId == actor.UserId,
        "note belongs to another user"
    );

    /// <summary>Defines the rules.</summary>
    public DeletedNotePolicy()
    {
        Allow(Verb.Read, Owner);
        Allow(Verb.Restore, Owner & Is.Verified & Is.Writer);
        Allow(Verb.Delete, Owner & Is.Verified & Is.Writer);
    }
}
