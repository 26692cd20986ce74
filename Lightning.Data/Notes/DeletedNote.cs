using Lightning.Data.Audit;
using Lightning.Data.Organizations;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Notes;

/// <summary>
/// A note in the trash. A database trigger moves each deleted <see cref="Note"/> here with its shares, so that no query
/// of notes can find it; <see cref="LightningDb.RestoreNoteAsync"/> moves it back.
/// </summary>
[Audited("deleted-note")]
public sealed class DeletedNote
{
    /// <summary>How long a deleted note is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>The note's key, which it keeps when it is restored.</summary>
    public Guid Id { get; init; }

    /// <summary>The id of the user who owns the note or, in an organization, created it.</summary>
    public required Guid OwnerId { get; init; }

    /// <summary>The id of the organization that the note belongs to; null if it is its owner's.</summary>
    public Guid? OrganizationId { get; init; }

    /// <summary>The title: one line.</summary>
    [AuditRedacted]
    public required string Title { get; init; }

    /// <summary>The text; may be empty.</summary>
    [AuditRedacted]
    public required string Body { get; init; }

    /// <summary>When the note was archived (UTC); null if it was not archived.</summary>
    public DateTimeOffset? ArchivedAt { get; init; }

    /// <summary>When the note was pinned (UTC); null if it was not pinned.</summary>
    public DateTimeOffset? PinnedAt { get; init; }

    /// <summary>When the note was created (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the title or body was last changed (UTC).</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When the note was deleted (UTC).</summary>
    public required DateTimeOffset DeletedAt { get; init; }
}

sealed class DeletedNoteTable : IEntityTypeConfiguration<DeletedNote>
{
    public void Configure(EntityTypeBuilder<DeletedNote> builder)
    {
        builder.ToTable("deleted_notes", "app");
        builder.Property(note => note.Id).ValueGeneratedNever();
        builder.Property(note => note.Title).HasMaxLength(Note.TitleLength);
        builder.Property(note => note.Body).HasMaxLength(Note.BodyLength);
        builder.HasOne<User>().WithMany().HasForeignKey(note => note.OwnerId).OnDelete(DeleteBehavior.Cascade);
        builder
            .HasIndex(note => new
            {
                note.OwnerId,
                note.DeletedAt,
                note.Id,
            })
            .IsDescending(false, true, true);
        builder
            .HasOne<Organization>()
            .WithMany()
            .HasForeignKey(note => note.OrganizationId)
            .OnDelete(DeleteBehavior.Cascade);
        builder
            .HasIndex(note => new
            {
                note.OrganizationId,
                note.DeletedAt,
                note.Id,
            })
            .IsDescending(false, true, true)
            .HasFilter("organization_id IS NOT NULL");
        builder.HasIndex(note => note.DeletedAt);
    }
}
