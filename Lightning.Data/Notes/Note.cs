using Lightning.Data.Audit;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Notes;

/// <summary>A note: a title, a text, and somebody whose it is.</summary>
[Audited("note")]
public sealed class Note
{
    /// <summary>The longest title, in characters.</summary>
    public const int TitleLength = 200;

    /// <summary>The longest text, in characters.</summary>
    public const int BodyLength = 100_000;

    /// <summary>Its key.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required Guid OwnerId { get; init; }

    /// <summary>Whose it is.</summary>
    public User? Owner { get; init; }

    /// <summary>One line.</summary>
    public required string Title { get; set; }

    /// <summary>The text; may be empty.</summary>
    public required string Body { get; set; }

    /// <summary>When its owner put it away, in UTC; null while it is at hand.</summary>
    public DateTimeOffset? ArchivedAt { get; set; }

    /// <summary>When its owner pinned it, in UTC; null where it is not.</summary>
    public DateTimeOffset? PinnedAt { get; set; }

    /// <summary>When it was written, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its title or text was last changed, in UTC.</summary>
    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Postgres' <c>xmin</c>: changes with every write, and is what an ETag shows.</summary>
    public uint Version { get; private set; }

    /// <summary>With whom it is shared.</summary>
    public List<NoteShare> Shares { get; init; } = [];

    /// <summary>What it is searched by; read only where somebody searches.</summary>
    public NoteWords? Words { get; private set; }
}

sealed class NoteTable : IEntityTypeConfiguration<Note>
{
    public void Configure(EntityTypeBuilder<Note> builder)
    {
        builder.ToTable("notes", "app");
        builder.Property(note => note.Title).HasMaxLength(Note.TitleLength);
        builder.Property(note => note.Body).HasMaxLength(Note.BodyLength);
        builder.Property(note => note.Version).IsRowVersion();
        builder.HasOne(note => note.Owner).WithMany().HasForeignKey(note => note.OwnerId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne(note => note.Words).WithOne().HasForeignKey<NoteWords>(words => words.Id);
        // Each order of the list has an index that ends in the key, so that a page costs the same however many there are and however deep it lies.
        builder.HasIndex(note => new { note.OwnerId, note.UpdatedAt, note.Id }).IsDescending(false, true, true);
        builder.HasIndex(note => new { note.OwnerId, note.CreatedAt, note.Id }).IsDescending(false, true, true);
        builder.HasIndex(note => new { note.OwnerId, note.Title, note.Id });
        // Those of everybody, for administrators.
        builder.HasIndex(note => new { note.UpdatedAt, note.Id });
        builder.HasIndex(note => new { note.CreatedAt, note.Id });
    }
}
