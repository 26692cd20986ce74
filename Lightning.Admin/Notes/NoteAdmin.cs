using Lightning.Admin.Registrations;
using Lightning.Data.Notes;

namespace Lightning.Admin.Notes;

/// <summary>Notes.</summary>
public sealed class NoteAdmin : AdminFor<Note>
{
    /// <summary>States what is shown.</summary>
    public NoteAdmin(NotePolicy policy) : base("Notes", policy, note => note.Id)
    {
        Column("Title", note => note.Title);
        Column("Owner", note => note.Owner!.Email);
        Column("Created", note => note.CreatedAt);
        Column("Changed", note => note.UpdatedAt);
    }
}
