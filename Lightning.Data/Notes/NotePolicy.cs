using Lightning.Data.Rules;

namespace Lightning.Data.Notes;

/// <summary>A note is its owner's, who may let others read or change it; administrators may read it and no more.</summary>
public sealed class NotePolicy : Policy<Note>
{
    /// <summary>One's own.</summary>
    public static readonly Rule<Note> Owner = Rule.For<Note>((actor, note) => note.OwnerId == actor.UserId, "note belongs to another user");

    /// <summary>Those that others share with one.</summary>
    public static readonly Rule<Note> Shared = Rule.For<Note>((actor, note) => note.Shares.Any(share => share.UserId == actor.UserId), "no share");

    static readonly Rule<Note> Editor = Rule.For<Note>((actor, note) => note.Shares.Any(share => share.UserId == actor.UserId && share.CanEdit), "no share for editing");

    /// <summary>States the rules.</summary>
    public NotePolicy()
    {
        Allow(Verb.Read, Owner | Shared | Is.Admin);
        Allow(Verb.Create, Owner).Fields(note => note.Title, note => note.Body);
        Allow(Verb.Update, Owner | Editor).Fields(note => note.Title, note => note.Body);
        Allow(Verb.Archive, Owner).Fields(note => note.ArchivedAt);
        Allow(Verb.Pin, Owner).Fields(note => note.PinnedAt);
        Allow(Verb.Share, Owner & Is.Verified & Is.Themself);
        Allow(Verb.Delete, Owner & Is.Verified);
    }
}
