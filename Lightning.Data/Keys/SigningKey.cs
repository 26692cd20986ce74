using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Keys;

/// <summary>A key that signs Identity's tokens; private half encrypted under Identity's data-protection ring.</summary>
public sealed class SigningKey
{
    /// <summary>The <c>kid</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The JOSE algorithm (RFC 7518, 3.1).</summary>
    public required string Algorithm { get; init; }

    /// <summary>PKCS #8, encrypted.</summary>
    public required byte[] PrivateKey { get; init; }

    /// <summary>When it was made, in UTC; published from then on.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it signs, in UTC.</summary>
    public required DateTimeOffset SignsFrom { get; init; }

    /// <summary>When its successor is to be made, in UTC; <c>keys rotate</c> brings it forward.</summary>
    public required DateTimeOffset SuccessorDueAt { get; set; }

    /// <summary>Until when it verifies, in UTC; null while it has no successor.</summary>
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
