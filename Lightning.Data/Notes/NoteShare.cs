using Lightning.Data.Audit;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Notes;

/// <summary>
/// That a note is shared with an address. Whose address it is the database finds out, when the share is made or later, when somebody proves that it is theirs;
/// whoever shares does not learn whether anybody has.
/// </summary>
[Audited("note-share")]
public sealed class NoteShare
{
    /// <summary>The longest address, in characters.</summary>
    public const int AddressLength = 256;

    /// <summary>Its key.</summary>
    public Guid Id { get; init; }

    /// <summary>What is shared.</summary>
    public required Guid NoteId { get; init; }

    /// <summary>What is shared.</summary>
    public Note? Note { get; init; }

    /// <summary>With which address, in the form of <see cref="Fold"/>.</summary>
    [Unquoted]
    public required string Address { get; init; }

    /// <summary>Whose the address is; null while nobody has proved that it is theirs. Written by the database alone.</summary>
    [Unquoted]
    public Guid? UserId { get; private set; }

    /// <summary>Whose the address is.</summary>
    public User? User { get; init; }

    /// <summary>Whether they may change title and text.</summary>
    public required bool CanEdit { get; set; }

    /// <summary>When it was shared, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>An address as addresses are compared: ASCII letters small, and nothing else changed, because two addresses that look alike may be two people's.</summary>
    public static string Fold(string address) => string.Create(address?.Length ?? 0, address, (folded, given) =>
    {
        for (var i = 0; i < folded.Length; i++) folded[i] = char.IsAsciiLetterUpper(given![i]) ? (char)(given[i] | 0x20) : given[i];
    });
}

sealed class NoteShareTable : IEntityTypeConfiguration<NoteShare>
{
    public void Configure(EntityTypeBuilder<NoteShare> builder)
    {
        builder.ToTable("note_shares", "app");
        builder.Property(share => share.Address).HasMaxLength(NoteShare.AddressLength);
        // The database claims a share without a trace that its giver could see, so its version is what the giver can set.
        builder.Property(share => share.CanEdit).IsConcurrencyToken();
        builder.HasOne(share => share.Note).WithMany(note => note.Shares).HasForeignKey(share => share.NoteId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne(share => share.User).WithMany().HasForeignKey(share => share.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(share => new { share.NoteId, share.Address }).IsUnique();
        builder.HasIndex(share => new { share.UserId, share.NoteId });
        builder.HasIndex(share => share.Address).HasFilter("user_id IS NULL");
    }
}
