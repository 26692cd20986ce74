using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Sessions;

/// <summary>
/// A browser's session at the provider; its id is the <c>sid</c> of every token and is shared by all relying parties. It is ended by the
/// database function <c>identity.end_session</c> and by nothing else, and what has ended never comes back.
/// </summary>
public sealed class Session
{
    /// <summary>The <c>sid</c>.</summary>
    public required Guid Id { get; init; }

    /// <summary>The provider that signed the person in.</summary>
    public required string Issuer { get; init; }

    /// <summary>The foreign provider's own sid, where it is not ours.</summary>
    public string? ForeignSid { get; init; }

    /// <summary>Whose it is.</summary>
    public required Guid UserId { get; init; }

    /// <summary>Whose it is.</summary>
    public User? User { get; init; }

    /// <summary>When it began, in UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the person last proved who they are, in UTC.</summary>
    public required DateTimeOffset AuthTime { get; set; }

    /// <summary>When it was last used, in UTC; written at most once a minute.</summary>
    public required DateTimeOffset LastSeenAt { get; set; }

    /// <summary>When it ends at the latest, in UTC; never moved.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>When it was ended, in UTC. Written by the database function alone.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>Why it was ended.</summary>
    public string? EndReason { get; private set; }

    /// <summary>The address it was begun from.</summary>
    public string? Ip { get; init; }

    /// <summary>Browser and system, as a person would say them.</summary>
    public string? Device { get; init; }

    /// <summary>How the person proved who they are; the values of <c>amr</c> (RFC 8176).</summary>
    public required string[] Methods { get; set; }

    /// <summary>The administrator who acts as the person in it; null where the person acts themself.</summary>
    public Guid? ActorId { get; init; }

    /// <summary>The administrator who acts as the person in it.</summary>
    public User? Actor { get; init; }

    /// <summary>The administrator's own session, with which this one ends.</summary>
    public Guid? ActorSessionId { get; init; }
}

sealed class SessionTable : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder.ToTable("sessions", "identity");
        builder.Property(session => session.Issuer).HasMaxLength(256);
        builder.Property(session => session.ForeignSid).HasMaxLength(256);
        builder.Property(session => session.EndReason).HasMaxLength(64);
        builder.Property(session => session.Ip).HasMaxLength(45);
        builder.Property(session => session.Device).HasMaxLength(200);
        builder.HasOne(session => session.User).WithMany().HasForeignKey(session => session.UserId).OnDelete(DeleteBehavior.Cascade);
        // Another provider may keep its name for a session that was ended here; the next one is another row.
        builder.HasIndex(session => new { session.Issuer, session.ForeignSid }).IsUnique().HasFilter("foreign_sid IS NOT NULL AND ended_at IS NULL");
        builder.HasIndex(session => session.EndsAt);
        builder.HasIndex(session => new { session.CreatedAt, session.Id });
        // Somebody's, the newest first, however many there are.
        builder.HasIndex(session => new { session.UserId, session.CreatedAt, session.Id });
        builder.HasOne(session => session.Actor).WithMany().HasForeignKey(session => session.ActorId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(session => session.ActorSessionId).HasColumnName("actor_sid");
        builder.HasOne<Session>().WithMany().HasForeignKey(session => session.ActorSessionId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(session => session.ActorId).HasFilter("actor_id IS NOT NULL");
        builder.HasIndex(session => session.ActorSessionId).HasFilter("actor_sid IS NOT NULL");
    }
}
