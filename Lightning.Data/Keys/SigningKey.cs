using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Keys;

/// <summary>A key that signs Identity's tokens.</summary>
public sealed class SigningKey
{
    /// <summary>The <c>kid</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The JOSE algorithm (RFC 7518, 3.1).</summary>
    public required string Algorithm { get; init; }

    /// <summary>PKCS #8, encrypted with Identity's data-protection key ring.</summary>
    public required byte[] PrivateKey { get; init; }

    /// <summary>When it was created and published (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when it signs (UTC).</summary>
    public required DateTimeOffset SignsFrom { get; init; }

    /// <summary>When its successor is due (UTC); <c>keys rotate</c> brings it forward.</summary>
    public required DateTimeOffset SuccessorDueAt { get; set; }

    /// <summary>Until when it verifies (UTC); null if it has no successor.</summary>
    public DateTimeOffset? RetiredAt { get; set; }
}

sealed class SigningKeyTable : IEntityTypeConfiguration<SigningKey>
{
    public void Configure(EntityTypeBuilder<SigningKey> builder)
    {
        builder.ToTable("signing_keys", "identity");
        builder.Property(key => key.Id).HasMaxLength(64);
        builder.Property(key => key.Algorithm).HasMaxLength(16);
    }
}
