using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Idempotency;

/// <summary>
/// A request with an <c>Idempotency-Key</c> and its response, written in the request's transaction. A repeated request
/// gets the stored response. Keys are scoped to their user.
/// </summary>
public sealed class KeyedRequest
{
    /// <summary>The maximum length of a key, in characters.</summary>
    public const int KeyLength = 255;

    /// <summary>How long a response is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>The user's id.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>SHA-256 of the request's method, URL and body.</summary>
    public required byte[] RequestHash { get; set; }

    /// <summary>The response's status code.</summary>
    public int Status { get; set; }

    /// <summary>The response's headers to replay, as a JSON object.</summary>
    public required string Headers { get; set; }

    /// <summary>The response's body.</summary>
    public required byte[] Body { get; set; }

    /// <summary>When the key can be used for another request (UTC).</summary>
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
