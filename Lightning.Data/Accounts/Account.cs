using Lightning.Data.Users;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Accounts;

/// <summary>
/// What a person signs in with: address, password, second factors. It is Identity's alone; the product knows the <see cref="User"/> of the same id.
/// </summary>
public sealed class Account : IdentityUser<Guid>
{
    /// <summary>What the person wants to be called.</summary>
    public string Name { get; set; } = "";

    /// <summary>When the account was made, in UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The secret shared with the person's authenticator app, encrypted by Identity; null while they have none.</summary>
    public byte[]? TotpKey { get; set; }

    /// <summary>The time step of the last code that was taken: no code counts twice (RFC 6238, 5.2).</summary>
    public long? TotpLastStep { get; set; }
}

sealed class AccountTables : IEntityTypeConfiguration<Account>, IEntityTypeConfiguration<IdentityUserClaim<Guid>>,
    IEntityTypeConfiguration<IdentityUserLogin<Guid>>, IEntityTypeConfiguration<IdentityUserToken<Guid>>, IEntityTypeConfiguration<IdentityUserPasskey<Guid>>
{
    const string Schema = "identity";

    public void Configure(EntityTypeBuilder<Account> builder)
    {
        builder.ToTable("accounts", Schema);
        builder.Property(account => account.Name).HasMaxLength(User.NameLength);
        builder.HasIndex(account => account.NormalizedUserName).IsUnique().HasDatabaseName("ix_accounts_normalized_user_name");
        builder.HasIndex(account => account.NormalizedEmail).IsUnique().HasDatabaseName("ix_accounts_normalized_email");
        builder.HasIndex(account => new { account.Email, account.Id });
        builder.HasIndex(account => new { account.CreatedAt, account.Id });
    }

    public void Configure(EntityTypeBuilder<IdentityUserClaim<Guid>> builder) => builder.ToTable("account_claims", Schema);

    public void Configure(EntityTypeBuilder<IdentityUserLogin<Guid>> builder) => builder.ToTable("account_logins", Schema);

    public void Configure(EntityTypeBuilder<IdentityUserToken<Guid>> builder) => builder.ToTable("account_tokens", Schema);

    public void Configure(EntityTypeBuilder<IdentityUserPasskey<Guid>> builder) => builder.ToTable("account_passkeys", Schema);
}
