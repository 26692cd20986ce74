using Lightning.Data.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Authorizations;

/// <summary>
/// A refresh token: good once, then replaced by another of its family. Using one a second time kills the family and the session (RFC 9700, 4.14.2).
/// </summary>
public sealed class RefreshToken
{
    /// <summary>SHA-256 of the token.</summary>
    public required byte[] TokenHash { get; init; }

    /// <summary>The tokens that descend from one grant.</summary>
    public required Guid Family { get; init; }

    /// <summary>The client it is bound to.</summary>
    public required string ClientId { get; init; }

    /// <summary>The session it lives and dies with.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>The session it lives and dies with.</summary>
    public Session? Session { get; init; }

    /// <summary>What was granted, space-separated.</summary>
    public required string Scope { get; init; }

    /// <summary>When it was made, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ends unused, in UTC; at most the family's end.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the family ends, in UTC; rotation never moves it (RFC 10017, 6.3.2.3).</summary>
    public required DateTimeOffset FamilyEndsAt { get; init; }

    /// <summary>When it was used, in UTC.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>When it was revoked, in UTC.</summary>
    public DateTimeOffset? RevokedAt { get; set; }
}

sealed class RefreshTokenTable : IEntityTypeConfiguration<RefreshToken>
{
    public void Configure(EntityTypeBuilder<RefreshToken> builder)
    {
        builder.ToTable("refresh_tokens", "identity");
        builder.HasKey(token => token.TokenHash);
        builder.Property(token => token.ClientId).HasMaxLength(100);
        builder.Property(token => token.Scope).HasMaxLength(1000);
        builder.Property(token => token.SessionId).HasColumnName("sid");
        builder.HasOne(token => token.Session).WithMany().HasForeignKey(token => token.SessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(token => token.Family);
        builder.HasIndex(token => token.ExpiresAt);
    }
}
