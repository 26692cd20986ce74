using Lightning.Admin.Registrations;
using Lightning.Data.Notes;

namespace Lightning.Admin.Notes;

/// <summary>With whom notes are shared.</summary>
public sealed class NoteShareAdmin : AdminFor<NoteShare>
{
    /// <summary>States what is shown.</summary>
    public NoteShareAdmin() : base("Shares")
    {
        List(share => share.Address, share => share.User!.Email, share => share.Note!.Title, share => share.CanEdit, share => share.CreatedAt);
        // The newest notes first: what leads to the shares of a note, or of a person, is in this order too.
        Order(share => share.NoteId);
        Called(share => share.Address, "Share");
        Search(share => share.Address, share => share.User!.Email).ServedBy("ix_note_shares_words");
        Filter(share => share.NoteId).Filter(share => share.UserId);
        Edit(share => share.CanEdit);
        Deletable();
    }
}
