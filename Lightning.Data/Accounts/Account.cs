using Lightning.Data.Users;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Accounts;

/// <summary>
/// A person's credentials: address, password, second factors. Only Identity reads it; the product has the
/// <see cref="User"/> of the same id.
/// </summary>
public sealed class Account : IdentityUser<Guid>
{
    /// <summary>The display name.</summary>
    public string Name { get; set; } = "";

    /// <summary>When the account was created (UTC).</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// The secret shared with the authenticator app, encrypted by Identity; null if there is no app.
    /// </summary>
    public byte[]? TotpKey { get; set; }

    /// <summary>The time step of the last accepted code; a code is accepted once (RFC 6238, 5.2).</summary>
    public long? TotpLastStep { get; set; }
}

sealed class AccountTables
    : IEntityTypeConfiguration<Account>,
        IEntityTypeConfiguration<IdentityUserClaim<Guid>>,
        IEntityTypeConfiguration<IdentityUserLogin<Guid>>,
        IEntityTypeConfiguration<IdentityUserToken<Guid>>,
        IEntityTypeConfiguration<IdentityUserPasskey<Guid>>
{
    const string Schema = "identity";

    public void Configure(EntityTypeBuilder<Account> builder)
    {
        builder.ToTable("accounts", Schema);
        builder.Property(account => account.Name).HasMaxLength(User.NameLength);
        builder
            .HasIndex(account => account.NormalizedUserName)
            .IsUnique()
            .HasDatabaseName("ix_accounts_normalized_user_name");
        builder.HasIndex(account => account.NormalizedEmail).IsUnique().HasDatabaseName("ix_accounts_normalized_email");
        builder.HasIndex(account => new { account.Email, account.Id });
        builder.HasIndex(account => new { account.CreatedAt, account.Id });
    }

    public void Configure(EntityTypeBuilder<IdentityUserClaim<Guid>> builder) =>
        builder.ToTable("account_claims", Schema);

    public void Configure(EntityTypeBuilder<IdentityUserLogin<Guid>> builder) =>
        builder.ToTable("account_logins", Schema);

    public void Configure(EntityTypeBuilder<IdentityUserToken<Guid>> builder) =>
        builder.ToTable("account_tokens", Schema);

    public void Configure(EntityTypeBuilder<IdentityUserPasskey<Guid>> builder) =>
        builder.ToTable("account_passkeys", Schema);
}
