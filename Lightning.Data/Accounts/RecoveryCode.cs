using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Accounts;

/// <summary>Replaces an authenticator app's code once; its row is deleted when it is used.</summary>
public sealed class RecoveryCode
{
    /// <summary>The account's id.</summary>
    public required Guid AccountId { get; init; }

    /// <summary>SHA-256 of the code, which has 120 random bits.</summary>
    public required byte[] CodeHash { get; init; }
}

sealed class RecoveryCodeTable : IEntityTypeConfiguration<RecoveryCode>
{
    public void Configure(EntityTypeBuilder<RecoveryCode> builder)
    {
        builder.ToTable("account_recovery_codes", "identity");
        builder.HasKey(code => new { code.AccountId, code.CodeHash });
        builder.HasOne<Account>().WithMany().HasForeignKey(code => code.AccountId).OnDelete(DeleteBehavior.Cascade);
    }
}
