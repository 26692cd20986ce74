using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data.Notes;

namespace Lightning.Admin.Notes;

/// <summary>Notes. Administrators read all notes but change only their own.</summary>
public sealed class NoteAdmin : AdminFor<Note>
{
    public NoteAdmin()
        : base("Notes")
    {
        List(
            note => note.Title,
            note => note.Owner!.Email,
            note => note.CreatedAt,
            note => note.UpdatedAt,
            note => note.ArchivedAt
        );
        OrderBy(note => note.CreatedAt);
        SearchVector(note => note.Words!.Words).Search(note => note.Owner!.Email).UsingIndex("ix_notes_words");
        Filter(note => note.OwnerId).Filter(note => note.CreatedAt).Filter(note => note.UpdatedAt);
        Edit(note => note.Title, note => note.Body).ReadOnly(note => note.PinnedAt);
        Check(note => note.Title, title => string.IsNullOrWhiteSpace(title) ? "Give it a title." : null);
        CreateWith(context => new Note
        {
            OwnerId = context.Actor.UserId,
            Title = "",
            Body = "",
            CreatedAt = context.Now,
            UpdatedAt = context.Now,
        });
        BeforeSave((note, context) => note.UpdatedAt = context.Now);
        // Editable for the administrator's own notes only; the policy makes the others read-only.
        EditInline(note => note.Shares);
        Deletable();
        Action(
                "Archive",
                Verb.Archive,
                (notes, context) =>
                {
                    foreach (var note in notes)
                        note.ArchivedAt ??= context.Now;
                }
            )
            .When(note => note.ArchivedAt == null, "already archived")
            .Confirm("Archive {count} notes?");
        Action(
                "Unarchive",
                Verb.Archive,
                (notes, _) =>
                {
                    foreach (var note in notes)
                        note.ArchivedAt = null;
                }
            )
            .When(note => note.ArchivedAt != null, "not archived")
            .Confirm("Unarchive {count} notes?");
    }
}
