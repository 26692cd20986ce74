using System.Text.RegularExpressions;
using Lightning.Data.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Organizations;

/// <summary>An organization: people who share what belongs to it.</summary>
[Audited("organization")]
public sealed partial class Organization
{
    /// <summary>The maximum length of a name, in characters.</summary>
    public const int NameLength = 100;

    /// <summary>The maximum length of a slug, in characters.</summary>
    public const int SlugLength = 40;

    /// <summary>How long a deleted organization is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>The key.</summary>
    public Guid Id { get; init; }

    /// <summary>The name in addresses such as <c>/o/acme/notes</c>: lowercase letters, digits and hyphens.</summary>
    public required string Slug { get; set; }

    /// <summary>The display name.</summary>
    public required string Name { get; set; }

    /// <summary>When the organization was created (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// When the organization was deleted (UTC); null if it was not. A deleted organization counts as none of its
    /// members' organizations.
    /// </summary>
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>Postgres' <c>xmin</c>, which changes with every write; the ETag's value.</summary>
    public uint Version { get; private set; }

    /// <summary>The members.</summary>
    public List<Membership> Members { get; init; } = [];

    /// <summary>The invitations that were not yet accepted.</summary>
    public List<Invitation> Invitations { get; init; } = [];

    /// <summary>Whether a text is a valid slug.</summary>
    public static bool IsSlug(string? text) => text is { Length: <= SlugLength } && SlugPattern().IsMatch(text);

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SlugPattern();
}

sealed class OrganizationTable : IEntityTypeConfiguration<Organization>
{
    public void Configure(EntityTypeBuilder<Organization> builder)
    {
        builder.ToTable("organizations", "app");
        builder.Property(organization => organization.Slug).HasMaxLength(Organization.SlugLength);
        builder.Property(organization => organization.Name).HasMaxLength(Organization.NameLength);
        builder.Property(organization => organization.Version).IsRowVersion();
        builder.HasIndex(organization => organization.Slug).IsUnique();
        builder.HasIndex(organization => new { organization.Name, organization.Id });
        builder.HasIndex(organization => new { organization.CreatedAt, organization.Id });
        builder.HasIndex(organization => organization.DeletedAt).HasFilter("deleted_at IS NOT NULL");
    }
}
