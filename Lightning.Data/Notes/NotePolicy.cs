using Lightning.Data.Rules;

namespace Lightning.Data.Notes;

/// <summary>A note is its owner's; administrators may read it and no more.</summary>
public sealed class NotePolicy : Policy<Note>
{
    static readonly Rule<Note> Owner = Rule.For<Note>((actor, note) => note.OwnerId == actor.UserId, "it belongs to another user");

    /// <summary>States the rules.</summary>
    public NotePolicy()
    {
        Allow(Verb.Read, Owner | Is.Admin);
        Allow(Verb.Create, Owner).Fields(note => note.Title, note => note.Body);
        Allow(Verb.Update, Owner).Fields(note => note.Title, note => note.Body);
        Allow(Verb.Delete, Owner);
    }
}
