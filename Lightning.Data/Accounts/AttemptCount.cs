using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Accounts;

/// <summary>
/// How often something may still be tried, such as the password of one address: a bucket that every replica takes from and that fills up by itself. It is one time: when the
/// bucket is full again.
/// </summary>
public sealed class AttemptCount
{
    /// <summary>SHA-256 of what is tried, and on what.</summary>
    public required byte[] KeyHash { get; init; }

    /// <summary>When nothing will be missing any more, in UTC; the row means nothing after that.</summary>
    public required DateTimeOffset FullAt { get; init; }
}

sealed class AttemptCountTable : IEntityTypeConfiguration<AttemptCount>
{
    public void Configure(EntityTypeBuilder<AttemptCount> builder)
    {
        builder.ToTable("attempts", "identity");
        builder.HasKey(count => count.KeyHash);
        builder.HasIndex(count => count.FullAt);
    }
}
