using Lightning.Data.Audit;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Organizations;

/// <summary>
/// A person's membership of an organization. The database ensures that one owner remains, and tells every service of a
/// change at once.
/// </summary>
[Audited("membership")]
public sealed class Membership
{
    /// <summary>The key.</summary>
    public Guid Id { get; init; }

    /// <summary>The organization's id.</summary>
    public required Guid OrganizationId { get; init; }

    /// <summary>The organization.</summary>
    public Organization? Organization { get; init; }

    /// <summary>The user's id.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The user.</summary>
    public User? User { get; init; }

    /// <summary>The role.</summary>
    public required OrganizationRole Role { get; set; }

    /// <summary>When the user joined (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Postgres' <c>xmin</c>, which changes with every write; the ETag's value.</summary>
    public uint Version { get; private set; }
}

sealed class MembershipTable : IEntityTypeConfiguration<Membership>
{
    public void Configure(EntityTypeBuilder<Membership> builder)
    {
        builder.ToTable("memberships", "app");
        builder.Property(membership => membership.Role).HasRole();
        builder.Property(membership => membership.Version).IsRowVersion();
        builder
            .HasOne(membership => membership.Organization)
            .WithMany(organization => organization.Members)
            .HasForeignKey(membership => membership.OrganizationId)
            .OnDelete(DeleteBehavior.Cascade);
        builder
            .HasOne(membership => membership.User)
            .WithMany()
            .HasForeignKey(membership => membership.UserId)
            .OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(membership => new { membership.OrganizationId, membership.UserId }).IsUnique();
        builder.HasIndex(membership => new { membership.UserId, membership.Id });
        builder.HasIndex(membership => new
        {
            membership.OrganizationId,
            membership.CreatedAt,
            membership.Id,
        });
    }
}

static class RoleColumn
{
    /// <summary>Stores a role as <c>member</c>, <c>admin</c> or <c>owner</c>.</summary>
    public static void HasRole(this PropertyBuilder<OrganizationRole> property) =>
        property
            .HasMaxLength(10)
            .HasConversion(
                role => role.ToString().ToLowerInvariant(),
                text => Enum.Parse<OrganizationRole>(text, ignoreCase: true)
            );
}
