using Lightning.Data.Sessions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Authorizations;

/// <summary>
/// That a client was given tokens for a session. All tokens of a grant bear its id and fall together when it is revoked (RFC 7009, 2.1); the session, and
/// what other clients were given for it, stays. It is also how a session knows whom to tell when it ends.
/// </summary>
public sealed class ClientGrant
{
    /// <summary>Its key, and the family of its refresh tokens.</summary>
    public required Guid Id { get; init; }

    /// <summary>The session it was given for.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>The session it was given for.</summary>
    public Session? Session { get; init; }

    /// <summary>The client that has it.</summary>
    public required string ClientId { get; init; }

    /// <summary>Whether the client is to be told when the session ends (OpenID Connect Back-Channel Logout 1.0).</summary>
    public required bool IsTold { get; init; }

    /// <summary>When it was given, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was revoked, in UTC.</summary>
    public DateTimeOffset? RevokedAt { get; set; }
}

sealed class ClientGrantTable : IEntityTypeConfiguration<ClientGrant>
{
    public void Configure(EntityTypeBuilder<ClientGrant> builder)
    {
        builder.ToTable("grants", "identity");
        builder.Property(grant => grant.ClientId).HasMaxLength(100);
        builder.Property(grant => grant.SessionId).HasColumnName("sid");
        builder.HasOne(grant => grant.Session).WithMany().HasForeignKey(grant => grant.SessionId).OnDelete(DeleteBehavior.Cascade);
    }
}
