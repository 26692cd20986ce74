using Lightning.Data.Audit;
using Lightning.Sessions.Providers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Users;

/// <summary>
/// A user of the product, identified by issuer and subject only. <see cref="IsAdmin"/> and <see cref="DisabledAt"/> are
/// read from here and never from a claim.
/// </summary>
[Audited("user")]
public sealed class User
{
    /// <summary>The maximum length of a name, in characters.</summary>
    public const int NameLength = PersonName.MaxLength;

    /// <summary>The key; equal to the account's id if the user has an account at Identity.</summary>
    public required Guid Id { get; init; }

    /// <summary>The issuer of the user's identity.</summary>
    public required string Issuer { get; init; }

    /// <summary>The user's <c>sub</c> at the issuer.</summary>
    public required string Subject { get; init; }

    /// <summary>The email address; not a key, and not unique across issuers.</summary>
    [AuditRedacted]
    public required string Email { get; set; }

    /// <summary>Whether the issuer verified the address.</summary>
    public bool EmailVerified { get; set; }

    /// <summary>The display name.</summary>
    [AuditRedacted]
    public string Name { get; set; } = "";

    /// <summary>Whether the user is an administrator.</summary>
    public bool IsAdmin { get; set; }

    /// <summary>When the user was disabled (UTC); null if enabled.</summary>
    public DateTimeOffset? DisabledAt { get; set; }

    /// <summary>When the user was created (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Postgres' <c>xmin</c>, which changes with every write; the ETag's value.</summary>
    public uint Version { get; private set; }
}

sealed class UserTable : IEntityTypeConfiguration<User>
{
    public void Configure(EntityTypeBuilder<User> builder)
    {
        builder.ToTable("users", "app");
        builder.Property(user => user.Issuer).HasMaxLength(256);
        builder.Property(user => user.Subject).HasMaxLength(256);
        builder.Property(user => user.Email).HasMaxLength(256);
        builder.Property(user => user.Name).HasMaxLength(User.NameLength);
        builder.Property(user => user.Version).IsRowVersion();
        builder.HasIndex(user => new { user.Issuer, user.Subject }).IsUnique();
        builder.HasIndex(user => new { user.Email, user.Id });
        builder.HasIndex(user => new { user.CreatedAt, user.Id });
    }
}
