using System.Security.Cryptography;
using System.Text;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Impersonation;

/// <summary>
/// A one-time ticket with which the admin site sends an administrator's browser to Identity to impersonate a user.
/// Valid for a minute, in the session that asked for it. Only the database function <c>identity.hand_over</c>, which
/// authorizes, writes it.
/// </summary>
public sealed class ImpersonationTicket
{
    /// <summary>How long a ticket is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>The lifetime of an impersonated session; it never slides.</summary>
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromMinutes(30);

    /// <summary>The maximum length of the reason, in characters.</summary>
    public const int ReasonLength = 200;

    /// <summary>SHA-256 of the ticket's code.</summary>
    public required byte[] CodeHash { get; init; }

    /// <summary>The administrator's session id; the ticket is valid in its browser only.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>The administrator's session.</summary>
    public Session? Session { get; init; }

    /// <summary>The id of the user to impersonate.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The user to impersonate.</summary>
    public User? User { get; init; }

    /// <summary>The administrator's reason.</summary>
    public required string Reason { get; init; }

    /// <summary>Whether the administrator may change the user's data; otherwise the session is read-only.</summary>
    public required bool MayWrite { get; init; }

    /// <summary>When the ticket was issued (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the ticket was redeemed or presented in another session (UTC); null if neither.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    /// <summary>Creates a code of 256 random bits and its hash.</summary>
    public static (string Code, byte[] Hash) Create()
    {
        var code = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        return (code, Hash(code));
    }

    /// <summary>The hash under which a code is stored.</summary>
    public static byte[] Hash(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));
}

sealed class ImpersonationTicketTable : IEntityTypeConfiguration<ImpersonationTicket>
{
    public void Configure(EntityTypeBuilder<ImpersonationTicket> builder)
    {
        builder.ToTable("handovers", "identity");
        builder.HasKey(ticket => ticket.CodeHash);
        builder.Property(ticket => ticket.SessionId).HasColumnName("sid");
        builder.Property(ticket => ticket.Reason).HasMaxLength(ImpersonationTicket.ReasonLength);
        builder
            .HasOne(ticket => ticket.Session)
            .WithMany()
            .HasForeignKey(ticket => ticket.SessionId)
            .OnDelete(DeleteBehavior.Cascade);
        builder
            .HasOne(ticket => ticket.User)
            .WithMany()
            .HasForeignKey(ticket => ticket.UserId)
            .OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(ticket => ticket.CreatedAt);
    }
}
