using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Authorizations;

/// <summary>What an authorization's handle is.</summary>
public enum AuthorizationKind
{
    /// <summary>A pushed authorization request (RFC 9126); the handle is its <c>request_uri</c>.</summary>
    Request,

    /// <summary>An authorization code (RFC 6749, 4.1.2).</summary>
    Code,

    /// <summary>A nonce that a client puts into its request to an upstream provider, and proves by the ID token (RFC 8693).</summary>
    Nonce,
}

/// <summary>A pushed authorization request, an authorization code or a nonce: good once, for minutes at the most.</summary>
public sealed class Authorization
{
    /// <summary>SHA-256 of the handle.</summary>
    public required byte[] HandleHash { get; init; }

    /// <summary>Request or code.</summary>
    public required AuthorizationKind Kind { get; init; }

    /// <summary>The client it is bound to.</summary>
    public required string ClientId { get; init; }

    /// <summary>The parameters of the authorization request, as a JSON object of strings.</summary>
    public required string Parameters { get; init; }

    /// <summary>The session that a code was given for.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>The person that a code was given for.</summary>
    public Guid? UserId { get; init; }

    /// <summary>When it was made, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it ends unused, in UTC.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was used, in UTC.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>The family of refresh tokens that a code gave; a second use revokes it.</summary>
    public Guid? Family { get; set; }
}

sealed class AuthorizationTable : IEntityTypeConfiguration<Authorization>
{
    public void Configure(EntityTypeBuilder<Authorization> builder)
    {
        builder.ToTable("authorizations", "identity");
        builder.HasKey(authorization => authorization.HandleHash);
        builder.Property(authorization => authorization.Kind).HasConversion<string>().HasMaxLength(16);
        builder.Property(authorization => authorization.ClientId).HasMaxLength(100);
        builder.Property(authorization => authorization.Parameters).HasColumnType("jsonb");
        builder.HasIndex(authorization => authorization.ExpiresAt);
    }
}
