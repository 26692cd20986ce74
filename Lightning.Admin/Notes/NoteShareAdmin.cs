using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Notes;

namespace Lightning.Admin.Notes;

/// <summary>Shares of notes.</summary>
public sealed class NoteShareAdmin : AdminFor<NoteShare>
{
    public NoteShareAdmin()
        : base("Shares")
    {
        List(
            share => share.Address,
            share => share.User!.Email,
            share => share.Note!.Title,
            share => share.CanEdit,
            share => share.CreatedAt
        );
        // Descending by note id: newest notes first. The indexes for the two filters have the same order.
        OrderBy(share => share.NoteId);
        HasLabel(share => share.Address, "Share");
        Search(share => share.Address, share => share.User!.Email).UsingIndex("ix_note_shares_words");
        Filter(share => share.NoteId).Filter(share => share.UserId);
        Edit(share => share.CanEdit);
        Deletable();
    }
}
