using System.Security.Cryptography;
using System.Text;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Acting;

/// <summary>
/// That an administrator wants to act as somebody: what the admin site hands over to Identity by way of their browser. Good once, for a minute, in the session that asked
/// for it. Written by the database function alone, which asks whether they may.
/// </summary>
public sealed class Handover
{
    /// <summary>How long there is for a browser to go from one site to the other.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>How long an administrator acts as somebody at the most; never prolonged.</summary>
    public static readonly TimeSpan ActingLifetime = TimeSpan.FromMinutes(30);

    /// <summary>The longest reason, in characters.</summary>
    public const int ReasonLength = 200;

    /// <summary>SHA-256 of the code that the browser carries.</summary>
    public required byte[] CodeHash { get; init; }

    /// <summary>The administrator's session, in whose browser alone it is good.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>The administrator's session.</summary>
    public Session? Session { get; init; }

    /// <summary>As whom they want to act.</summary>
    public required Guid UserId { get; init; }

    /// <summary>As whom they want to act.</summary>
    public User? User { get; init; }

    /// <summary>Why, in their words.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was made, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was used, or shown where it is not good, in UTC.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>A new code, of 256 random bits, and what is kept of it.</summary>
    public static (string Code, byte[] Hash) Create()
    {
        var code = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        return (code, Hash(code));
    }

    /// <summary>What is kept of a code.</summary>
    public static byte[] Hash(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));
}

sealed class HandoverTable : IEntityTypeConfiguration<Handover>
{
    public void Configure(EntityTypeBuilder<Handover> builder)
    {
        builder.ToTable("handovers", "identity");
        builder.HasKey(handover => handover.CodeHash);
        builder.Property(handover => handover.SessionId).HasColumnName("sid");
        builder.Property(handover => handover.Reason).HasMaxLength(Handover.ReasonLength);
        builder.HasOne(handover => handover.Session).WithMany().HasForeignKey(handover => handover.SessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne(handover => handover.User).WithMany().HasForeignKey(handover => handover.UserId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(handover => handover.CreatedAt);
    }
}
