using Lightning.Data.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Users;

/// <summary>
/// A person as the product knows them, found by (issuer, subject) and by nothing else. <see cref="IsAdmin"/> and <see cref="DisabledAt"/>
/// are read from here and never from a claim.
/// </summary>
[Audited("user")]
public sealed class User
{
    /// <summary>The longest name, in characters.</summary>
    public const int NameLength = 100;

    /// <summary>The product's key; that of the account where the account is ours.</summary>
    public required Guid Id { get; init; }

    /// <summary>Who vouches for the person.</summary>
    public required string Issuer { get; init; }

    /// <summary>The issuer's name for the person.</summary>
    public required string Subject { get; init; }

    /// <summary>The address; not a key, and not unique across issuers.</summary>
    [Unquoted]
    public required string Email { get; set; }

    /// <summary>Whether the issuer has proved the address.</summary>
    public bool EmailVerified { get; set; }

    /// <summary>What the person wants to be called.</summary>
    [Unquoted]
    public string Name { get; set; } = "";

    /// <summary>Whether the admin site is open to them.</summary>
    public bool IsAdmin { get; set; }

    /// <summary>When they were shut out, in UTC; null while they are welcome.</summary>
    public DateTimeOffset? DisabledAt { get; set; }

    /// <summary>When they were first seen, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Postgres' <c>xmin</c>: changes with every write, and is what an ETag shows.</summary>
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
