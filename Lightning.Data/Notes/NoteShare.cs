using Lightning.Data.Audit;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Notes;

/// <summary>
/// A share of a note with an email address. The database resolves the address to a user when the share is created, or
/// later when a user verifies the address; the owner does not learn whether there is a user.
/// </summary>
[Audited("note-share")]
public sealed class NoteShare
{
    /// <summary>The maximum length of an address, in characters.</summary>
    public const int AddressLength = 256;

    /// <summary>The key.</summary>
    public Guid Id { get; init; }

    /// <summary>The note's id.</summary>
    public required Guid NoteId { get; init; }

    /// <summary>The note.</summary>
    public Note? Note { get; init; }

    /// <summary>The email address, normalized by <see cref="Fold"/>.</summary>
    [AuditRedacted]
    public required string Address { get; init; }

    /// <summary>
    /// The id of the user who verified the address; null if no user has. Set by the database.
    /// </summary>
    [AuditRedacted]
    public Guid? UserId { get; private set; }

    /// <summary>The user who verified the address.</summary>
    public User? User { get; init; }

    /// <summary>Whether the recipient may change title and body.</summary>
    public required bool CanEdit { get; set; }

    /// <summary>When the note was shared (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// Normalizes an address for comparison: lowercases ASCII letters only, because other case mappings can make two
    /// people's addresses equal.
    /// </summary>
    public static string Fold(string address) =>
        string.Create(
            address?.Length ?? 0,
            address,
            (folded, given) =>
            {
                for (var i = 0; i < folded.Length; i++)
                    folded[i] = char.IsAsciiLetterUpper(given![i]) ? (char)(given[i] | 0x20) : given[i];
            }
        );
}

sealed class NoteShareTable : IEntityTypeConfiguration<NoteShare>
{
    public void Configure(EntityTypeBuilder<NoteShare> builder)
    {
        builder.ToTable("note_shares", "app");
        builder.Property(share => share.Address).HasMaxLength(NoteShare.AddressLength);
        // Not xmin: it would change when the database resolves the address, and so tell the owner.
        builder.Property(share => share.CanEdit).IsConcurrencyToken();
        builder
            .HasOne(share => share.Note)
            .WithMany(note => note.Shares)
            .HasForeignKey(share => share.NoteId)
            .OnDelete(DeleteBehavior.Cascade);
        builder
            .HasOne(share => share.User)
            .WithMany()
            .HasForeignKey(share => share.UserId)
            .OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(share => new { share.NoteId, share.Address }).IsUnique();
        builder.HasIndex(share => new { share.UserId, share.NoteId });
        builder.HasIndex(share => share.Address).HasFilter("user_id IS NULL");
    }
}
