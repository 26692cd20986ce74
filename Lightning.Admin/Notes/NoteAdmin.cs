using Lightning.Admin.Registrations;
using Lightning.Data.Notes;
using Lightning.Data.Rules;

namespace Lightning.Admin.Notes;

/// <summary>Notes. Administrators read all of them, and change their own as anybody does.</summary>
public sealed class NoteAdmin : AdminFor<Note>
{
    /// <summary>States what is shown.</summary>
    public NoteAdmin() : base("Notes")
    {
        List(note => note.Title, note => note.Owner!.Email, note => note.CreatedAt, note => note.UpdatedAt, note => note.ArchivedAt);
        Order(note => note.CreatedAt);
        SearchWords(note => note.Words!.Words).Search(note => note.Owner!.Email).ServedBy("ix_notes_words");
        Filter(note => note.OwnerId).Filter(note => note.CreatedAt).Filter(note => note.UpdatedAt);
        Edit(note => note.Title, note => note.Body).ReadOnly(note => note.PinnedAt);
        Check(note => note.Title, title => string.IsNullOrWhiteSpace(title) ? "Give it a title." : null);
        Begins(saving => new Note { OwnerId = saving.Actor.UserId, Title = "", Body = "", CreatedAt = saving.Now, UpdatedAt = saving.Now });
        Before((note, saving) => note.UpdatedAt = saving.Now);
        // Those of one's own notes, as the policy has it; on others' they are shown.
        EditInline(note => note.Shares);
        Deletable();
        Action("Archive", Verb.Archive, (notes, run) =>
        {
            foreach (var note in notes) note.ArchivedAt ??= run.Now;
        }).When(note => note.ArchivedAt == null, "archived already").Asks("Archive {count} notes?");
        Action("Unarchive", Verb.Archive, (notes, _) =>
        {
            foreach (var note in notes) note.ArchivedAt = null;
        }).When(note => note.ArchivedAt != null, "not archived").Asks("Take {count} notes out again?");
    }
}
