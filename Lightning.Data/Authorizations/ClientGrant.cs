using Lightning.Data.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Authorizations;

/// <summary>
/// A client's grant of tokens for a session. Revoking it revokes all its tokens (RFC 7009, 2.1), but neither the
/// session nor other clients' grants. A session's grants determine which clients receive a logout token when it ends.
/// </summary>
public sealed class ClientGrant
{
    /// <summary>The key, and the family of its refresh tokens.</summary>
    public required Guid Id { get; init; }

    /// <summary>The session's id.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>The session.</summary>
    public Session? Session { get; init; }

    /// <summary>The client's id.</summary>
    public required string ClientId { get; init; }

    /// <summary>
    /// Whether the client receives a logout token when the session ends (OpenID Connect Back-Channel Logout 1.0).
    /// </summary>
    public required bool IsTold { get; init; }

    /// <summary>When it was granted (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was revoked (UTC); null if it was not.</summary>
    public DateTimeOffset? RevokedAt { get; set; }
}

sealed class ClientGrantTable : IEntityTypeConfiguration<ClientGrant>
{
    public void Configure(EntityTypeBuilder<ClientGrant> builder)
    {
        builder.ToTable("grants", "identity");
        builder.Property(grant => grant.ClientId).HasMaxLength(100);
        builder.Property(grant => grant.SessionId).HasColumnName("sid");
        builder
            .HasOne(grant => grant.Session)
            .WithMany()
            .HasForeignKey(grant => grant.SessionId)
            .OnDelete(DeleteBehavior.Cascade);
    }
}
