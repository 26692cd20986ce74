using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Idempotency;

/// <summary>
/// A request that was made with an <c>Idempotency-Key</c>, and its answer, written in the transaction that did what was asked: the same request made again gets the
/// same answer, and nothing is done twice. A key is its user's own; it goes with them.
/// </summary>
public sealed class KeyedRequest
{
    /// <summary>The longest key, in characters.</summary>
    public const int KeyLength = 255;

    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Who asked.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>SHA-256 of what was asked: method, address and body.</summary>
    public required byte[] RequestHash { get; set; }

    /// <summary>The answer's status.</summary>
    public int Status { get; set; }

    /// <summary>The answer's headers that matter, as a JSON object.</summary>
    public required string Headers { get; set; }

    /// <summary>The answer's body.</summary>
    public required byte[] Body { get; set; }

    /// <summary>When the key may stand for another request, in UTC.</summary>
    public required DateTimeOffset ExpiresAt { get; set; }
}

sealed class KeyedRequestTable : IEntityTypeConfiguration<KeyedRequest>
{
    public void Configure(EntityTypeBuilder<KeyedRequest> builder)
    {
        builder.ToTable("keyed_requests", "app");
        builder.HasKey(request => new { request.UserId, request.Key });
        builder.Property(request => request.Key).HasMaxLength(KeyedRequest.KeyLength);
        builder.Property(request => request.Headers).HasColumnType("jsonb");
        builder.HasOne<User>().WithMany().HasForeignKey(request => request.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(request => request.ExpiresAt);
    }
}
