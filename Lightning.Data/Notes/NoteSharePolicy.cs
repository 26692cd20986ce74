using Lightning.Authorization;

namespace Lightning.Data.Notes;

/// <summary>
/// The note's owner creates, changes and removes shares; the recipient may remove theirs.
/// </summary>
public sealed class NoteSharePolicy : Policy<NoteShare>
{
    // A function, because the notes' policies read the shares.
    static readonly Rule<NoteShare> Giver = Rule.For<NoteShare>(
            (actor, share) => share.Note!.OwnerId == actor.UserId && share.Note.OrganizationId == null,
            "note belongs to another user"
        )
        .ThroughFunction();
    static readonly Rule<NoteShare> Recipient = Rule.For<NoteShare>(
        (actor, share) => share.UserId == actor.UserId,
        "shared with another user"
    );

    /// <summary>Defines the rules.</summary>
    public NoteSharePolicy()
    {
        Allow(Verb.Read, Giver | Recipient | Is.Admin);
        Allow(Verb.Create, Giver & Is.Verified & Is.NotImpersonated)
            .Fields(share => share.Address, share => share.CanEdit);
        Allow(Verb.Update, Giver & Is.NotImpersonated).Fields(share => share.CanEdit);
        Allow(Verb.Delete, (Giver | Recipient) & Is.Writer);
    }
}
