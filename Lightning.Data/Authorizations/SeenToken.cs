using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Authorizations;

/// <summary>
/// A signed token that may be used once: an ID token given in exchange (RFC 8693), a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6).
/// The first insert wins, on whichever replica; a second one violates the key.
/// </summary>
public sealed class SeenToken
{
    /// <summary>SHA-256 of what makes it one: purpose, audience, issuer and <c>jti</c>, or the whole token where it has none.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>When it could not be used any more anyway, in UTC; the row may go then.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

sealed class SeenTokenTable : IEntityTypeConfiguration<SeenToken>
{
    public void Configure(EntityTypeBuilder<SeenToken> builder)
    {
        builder.ToTable("seen_tokens", "identity");
        builder.HasKey(token => token.Hash);
        builder.HasIndex(token => token.ExpiresAt);
    }
}
