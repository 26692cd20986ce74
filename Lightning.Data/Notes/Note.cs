using Lightning.Data.Audit;
using Lightning.Data.Organizations;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Notes;

/// <summary>A note of a user.</summary>
[Audited("note")]
public sealed class Note
{
    /// <summary>The maximum length of a title, in characters.</summary>
    public const int TitleLength = 200;

    /// <summary>The maximum length of a body, in characters.</summary>
    public const int BodyLength = 100_000;

    /// <summary>The key.</summary>
    public Guid Id { get; init; }

    /// <summary>The id of the user who owns the note or, in an organization, created it.</summary>
    public required Guid OwnerId { get; init; }

    /// <summary>The user who owns the note or, in an organization, created it.</summary>
    public User? Owner { get; init; }

    /// <summary>The id of the organization that the note belongs to; null if it is its owner's.</summary>
    public Guid? OrganizationId { get; init; }

    /// <summary>The organization that the note belongs to.</summary>
    public Organization? Organization { get; init; }

    /// <summary>The title: one line.</summary>
    public required string Title { get; set; }

    /// <summary>The text; may be empty.</summary>
    public required string Body { get; set; }

    /// <summary>When the note was archived (UTC); null if it is not archived.</summary>
    public DateTimeOffset? ArchivedAt { get; set; }

    /// <summary>When the note was pinned (UTC); null if it is not pinned.</summary>
    public DateTimeOffset? PinnedAt { get; set; }

    /// <summary>When the note was created (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the title or body was last changed (UTC).</summary>
    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Postgres' <c>xmin</c>, which changes with every write; the ETag's value.</summary>
    public uint Version { get; private set; }

    /// <summary>The shares.</summary>
    public List<NoteShare> Shares { get; init; } = [];

    /// <summary>The search vector; loaded by searches only.</summary>
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
        builder
            .HasOne(note => note.Owner)
            .WithMany()
            .HasForeignKey(note => note.OwnerId)
            .OnDelete(DeleteBehavior.Cascade);
        builder
            .HasOne(note => note.Organization)
            .WithMany()
            .HasForeignKey(note => note.OrganizationId)
            .OnDelete(DeleteBehavior.Cascade);
        builder.HasOne(note => note.Words).WithOne().HasForeignKey<NoteWords>(words => words.Id);
        // Keyset pagination: each sort order of the list has an index that ends in the key, for personal notes and for
        // those of an organization. The admin site lists all of a user's notes, by creation.
        const string personal = "organization_id IS NULL";
        builder
            .HasIndex(note => new
            {
                note.OwnerId,
                note.UpdatedAt,
                note.Id,
            })
            .IsDescending(false, true, true)
            .HasFilter(personal);
        builder
            .HasIndex(note => new
            {
                note.OwnerId,
                note.CreatedAt,
                note.Id,
            })
            .IsDescending(false, true, true);
        builder
            .HasIndex(note => new
            {
                note.OwnerId,
                note.Title,
                note.Id,
            })
            .HasFilter(personal);
        builder
            .HasIndex(note => new
            {
                note.OrganizationId,
                note.UpdatedAt,
                note.Id,
            })
            .IsDescending(false, true, true)
            .HasFilter("organization_id IS NOT NULL");
        builder
            .HasIndex(note => new
            {
                note.OrganizationId,
                note.CreatedAt,
                note.Id,
            })
            .IsDescending(false, true, true)
            .HasFilter("organization_id IS NOT NULL");
        builder
            .HasIndex(note => new
            {
                note.OrganizationId,
                note.Title,
                note.Id,
            })
            .HasFilter("organization_id IS NOT NULL");
        // All users' notes, for administrators.
        builder.HasIndex(note => new { note.UpdatedAt, note.Id });
        builder.HasIndex(note => new { note.CreatedAt, note.Id });
    }
}
