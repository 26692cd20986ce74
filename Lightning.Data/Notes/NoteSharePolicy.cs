using Lightning.Data.Rules;

namespace Lightning.Data.Notes;

/// <summary>A share is given, changed and taken back by the note's owner; whom it was given to may give it back.</summary>
public sealed class NoteSharePolicy : Policy<NoteShare>
{
    static readonly Rule<NoteShare> Giver = Rule.For<NoteShare>((actor, share) => share.Note!.OwnerId == actor.UserId, "note belongs to another user");
    static readonly Rule<NoteShare> Recipient = Rule.For<NoteShare>((actor, share) => share.UserId == actor.UserId, "shared with another user");

    /// <summary>States the rules.</summary>
    public NoteSharePolicy()
    {
        Allow(Verb.Read, Giver | Recipient | Is.Admin);
        Allow(Verb.Create, Giver & Is.Verified & Is.Themself).Fields(share => share.Address, share => share.CanEdit);
        Allow(Verb.Update, Giver & Is.Themself).Fields(share => share.CanEdit);
        Allow(Verb.Delete, Giver | Recipient);
    }
}
