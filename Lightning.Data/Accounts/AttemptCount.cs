using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Accounts;

/// <summary>
/// A token bucket, shared by all replicas, that limits attempts such as passwords for one address. Its whole state is
/// the time at which the bucket is full again.
/// </summary>
public sealed class AttemptCount
{
    /// <summary>SHA-256 of the kind of attempt and its target.</summary>
    public required byte[] KeyHash { get; init; }

    /// <summary>When the bucket is full (UTC); the row can be deleted after that.</summary>
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
