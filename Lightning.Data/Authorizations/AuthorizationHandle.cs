using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Authorizations;

/// <summary>The kind of an authorization's handle.</summary>
public enum AuthorizationKind
{
    /// <summary>A pushed authorization request (RFC 9126); the handle is its <c>request_uri</c>.</summary>
    Request,

    /// <summary>An authorization code (RFC 6749, 4.1.2).</summary>
    Code,

    /// <summary>
    /// A nonce that a client sends to an upstream provider and proves with the ID token it exchanges (RFC 8693).
    /// </summary>
    Nonce,
}

/// <summary>
/// A pushed authorization request, an authorization code or a nonce: single-use and valid for minutes at most.
/// </summary>
public sealed class AuthorizationHandle
{
    /// <summary>SHA-256 of the handle.</summary>
    public required byte[] HandleHash { get; init; }

    /// <summary>The kind.</summary>
    public required AuthorizationKind Kind { get; init; }

    /// <summary>The client it is bound to.</summary>
    public required string ClientId { get; init; }

    /// <summary>The parameters of the authorization request, as a JSON object of strings.</summary>
    public required string Parameters { get; init; }

    /// <summary>The session of a code; null for other kinds.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>The user of a code; null for other kinds.</summary>
    public Guid? UserId { get; init; }

    /// <summary>When it was issued (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it expires (UTC).</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was used (UTC); null if it was not.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>The refresh token family that a code was redeemed for; a second use of the code revokes it.</summary>
    public Guid? Family { get; set; }
}

sealed class AuthorizationHandleTable : IEntityTypeConfiguration<AuthorizationHandle>
{
    public void Configure(EntityTypeBuilder<AuthorizationHandle> builder)
    {
        builder.ToTable("authorizations", "identity");
        builder.HasKey(authorization => authorization.HandleHash);
        builder.Property(authorization => authorization.Kind).HasConversion<string>().HasMaxLength(16);
        builder.Property(authorization => authorization.ClientId).HasMaxLength(100);
        builder.Property(authorization => authorization.Parameters).HasColumnType("jsonb");
        builder.HasIndex(authorization => authorization.ExpiresAt);
    }
}
