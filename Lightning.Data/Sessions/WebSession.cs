using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Sessions;

/// <summary>A relying party's session: what stands behind one cookie. The cookie's value is kept nowhere, only its hash.</summary>
public sealed class WebSession
{
    /// <summary>SHA-256 of the cookie's value.</summary>
    public required byte[] IdHash { get; init; }

    /// <summary>The relying party: <c>bff</c> or <c>admin</c>.</summary>
    public required string App { get; init; }

    /// <summary>The session at the provider.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>The session at the provider.</summary>
    public Session? Session { get; init; }

    /// <summary>Who vouches for the person.</summary>
    public required string Issuer { get; init; }

    /// <summary>The issuer's name for the person.</summary>
    public required string Subject { get; init; }

    /// <summary>When it began, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last used, in UTC; written at most once a minute.</summary>
    public required DateTimeOffset LastSeenAt { get; set; }

    /// <summary>When it ends at the latest, in UTC; never moved.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The authentication ticket, encrypted by the relying party.</summary>
    public required byte[] Ticket { get; init; }

    /// <summary>The tokens, encrypted by the relying party.</summary>
    public required byte[] Tokens { get; set; }

    /// <summary>When the access token ends, in UTC.</summary>
    public DateTimeOffset? TokenExpiresAt { get; set; }

    /// <summary>Until when one replica alone may refresh, in UTC.</summary>
    public DateTimeOffset? RefreshLeaseUntil { get; set; }

    /// <summary>Which attempt holds the lease.</summary>
    public Guid? RefreshLeaseOwner { get; set; }
}

sealed class WebSessionTable : IEntityTypeConfiguration<WebSession>
{
    public void Configure(EntityTypeBuilder<WebSession> builder)
    {
        builder.ToTable("sessions", "web");
        builder.HasKey(session => session.IdHash).HasName("pk_web_sessions");
        builder.Property(session => session.App).HasMaxLength(32);
        builder.Property(session => session.Issuer).HasMaxLength(256);
        builder.Property(session => session.Subject).HasMaxLength(256);
        builder.Property(session => session.SessionId).HasColumnName("sid");
        builder.HasOne(session => session.Session).WithMany().HasForeignKey(session => session.SessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(session => session.EndsAt);
    }
}
