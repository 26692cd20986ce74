using Lightning.Data.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Authorizations;

/// <summary>
/// A refresh token, rotated on every use. Reuse revokes the family and ends the session (RFC 9700, 4.14.2).
/// </summary>
public sealed class RefreshToken
{
    /// <summary>SHA-256 of the token.</summary>
    public required byte[] TokenHash { get; init; }

    /// <summary>The family: the tokens of one grant.</summary>
    public required Guid Family { get; init; }

    /// <summary>The client it is bound to.</summary>
    public required string ClientId { get; init; }

    /// <summary>The id of the session; its end revokes the token.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>The session.</summary>
    public Session? Session { get; init; }

    /// <summary>The granted scopes, space-separated.</summary>
    public required string Scope { get; init; }

    /// <summary>When it was issued (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it expires (UTC); at most the family's end.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the family expires (UTC); rotation never extends it (RFC 10017, 6.3.2.3).</summary>
    public required DateTimeOffset FamilyEndsAt { get; init; }

    /// <summary>When it was used (UTC); null if it was not.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>When it was revoked (UTC); null if it was not.</summary>
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
        builder
            .HasOne(token => token.Session)
            .WithMany()
            .HasForeignKey(token => token.SessionId)
            .OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(token => token.Family);
        builder.HasIndex(token => token.ExpiresAt);
    }
}
