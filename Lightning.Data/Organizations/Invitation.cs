using Lightning.Data.Audit;
using Lightning.Data.Notes;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Organizations;

/// <summary>
/// An invitation of an email address to an organization. Only a user who verified the address can accept it, so the
/// mailed link needs no secret. The database resolves the address to a user when the invitation is created, or later
/// when a user verifies the address; the inviter does not learn whether there is a user.
/// </summary>
[Audited("invitation")]
public sealed class Invitation
{
    /// <summary>How long an invitation can be accepted after it was sent.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <summary>The key.</summary>
    public Guid Id { get; init; }

    /// <summary>The organization's id.</summary>
    public required Guid OrganizationId { get; init; }

    /// <summary>The organization.</summary>
    public Organization? Organization { get; init; }

    /// <summary>The invited address, normalized by <see cref="NoteShare.Fold"/>.</summary>
    [AuditRedacted]
    public required string Address { get; init; }

    /// <summary>The id of the user who verified the address; null if no user has. Set by the database.</summary>
    [AuditRedacted]
    public Guid? UserId { get; private set; }

    /// <summary>The user who verified the address.</summary>
    public User? User { get; init; }

    /// <summary>The role of the new member; never <see cref="OrganizationRole.Owner"/>.</summary>
    public required OrganizationRole Role { get; init; }

    /// <summary>The id of the user who invited; null if the account was deleted.</summary>
    public Guid? InvitedById { get; init; }

    /// <summary>The user who invited.</summary>
    public User? InvitedBy { get; init; }

    /// <summary>When the invitation was created (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the invitation expires (UTC). The database sends the mail again whenever it changes.</summary>
    public required DateTimeOffset ExpiresAt { get; set; }
}

sealed class InvitationTable : IEntityTypeConfiguration<Invitation>
{
    public void Configure(EntityTypeBuilder<Invitation> builder)
    {
        builder.ToTable("invitations", "app");
        builder.Property(invitation => invitation.Address).HasMaxLength(NoteShare.AddressLength);
        builder.Property(invitation => invitation.Role).HasRole();
        // Not xmin: it would change when the database resolves the address, and so tell the inviter.
        builder.Property(invitation => invitation.ExpiresAt).IsConcurrencyToken();
        builder
            .HasOne(invitation => invitation.Organization)
            .WithMany(organization => organization.Invitations)
            .HasForeignKey(invitation => invitation.OrganizationId)
            .OnDelete(DeleteBehavior.Cascade);
        builder
            .HasOne(invitation => invitation.User)
            .WithMany()
            .HasForeignKey(invitation => invitation.UserId)
            .OnDelete(DeleteBehavior.Cascade);
        builder
            .HasOne(invitation => invitation.InvitedBy)
            .WithMany()
            .HasForeignKey(invitation => invitation.InvitedById)
            .OnDelete(DeleteBehavior.SetNull);
        builder.HasIndex(invitation => new { invitation.OrganizationId, invitation.Address }).IsUnique();
        builder.HasIndex(invitation => new { invitation.UserId, invitation.Id });
        builder.HasIndex(invitation => invitation.InvitedById);
        builder.HasIndex(invitation => invitation.Address).HasFilter("user_id IS NULL");
        builder.HasIndex(invitation => invitation.ExpiresAt);
    }
}
