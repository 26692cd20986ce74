using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Sessions.Model;

/// <summary>Adds sessions to an application's model.</summary>
public static class SessionModelExtensions
{
    /// <summary>
    /// Adds sessions, web sessions, the outbox and used tokens. The application relates its sessions to its users.
    /// </summary>
    /// <typeparam name="TSession">The application's session.</typeparam>
    /// <typeparam name="TWebSession">The application's web session.</typeparam>
    /// <param name="builder">The model.</param>
    /// <param name="session">The web session's navigation to its session; null if it has none.</param>
    public static ModelBuilder AddSessions<TSession, TWebSession>(this ModelBuilder builder, string? session = null)
        where TSession : SessionEntity
        where TWebSession : WebSessionEntity
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Entity<TSession>(Configure);
        builder.Entity<TWebSession>(web => Configure<TSession, TWebSession>(web, session));
        builder.Entity<OutboxMessage>(Configure);
        builder.Entity<SeenToken>(Configure);
        return builder;
    }

    static void Configure<TSession>(EntityTypeBuilder<TSession> builder)
        where TSession : SessionEntity
    {
        builder.ToTable("sessions", "identity");
        builder.Property(session => session.Issuer).HasMaxLength(256);
        builder.Property(session => session.ForeignSid).HasMaxLength(256);
        builder.Property(session => session.EndReason).HasMaxLength(64);
        builder.Property(session => session.Ip).HasMaxLength(45);
        builder.Property(session => session.Device).HasMaxLength(200);
        // An external provider may reuse its sid after the session ended here.
        builder
            .HasIndex(session => new { session.Issuer, session.ForeignSid })
            .IsUnique()
            .HasFilter("foreign_sid IS NOT NULL AND ended_at IS NULL");
        builder.HasIndex(session => session.EndsAt);
        builder.HasIndex(session => new { session.CreatedAt, session.Id });
        // A user's sessions, the newest first.
        builder.HasIndex(session => new
        {
            session.UserId,
            session.CreatedAt,
            session.Id,
        });
        builder.Property(session => session.ActorSessionId).HasColumnName("actor_sid");
        builder.Property(session => session.ActorMayWrite).HasDefaultValue(false);
        builder
            .HasOne<TSession>()
            .WithMany()
            .HasForeignKey(session => session.ActorSessionId)
            .OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(session => session.ActorId).HasFilter("actor_id IS NOT NULL");
        builder.HasIndex(session => session.ActorSessionId).HasFilter("actor_sid IS NOT NULL");
    }

    static void Configure<TSession, TWebSession>(EntityTypeBuilder<TWebSession> builder, string? session)
        where TSession : SessionEntity
        where TWebSession : WebSessionEntity
    {
        builder.ToTable("sessions", "web");
        builder.HasKey(web => web.IdHash).HasName("pk_web_sessions");
        builder.Property(web => web.App).HasMaxLength(32);
        builder.Property(web => web.Issuer).HasMaxLength(256);
        builder.Property(web => web.Subject).HasMaxLength(256);
        builder.Property(web => web.SessionId).HasColumnName("sid");
        builder
            .HasOne<TSession>(session)
            .WithMany()
            .HasForeignKey(web => web.SessionId)
            .OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(web => web.EndsAt);
    }

    static void Configure(EntityTypeBuilder<OutboxMessage> builder)
    {
        builder.ToTable("outbox", "identity");
        builder.Property(message => message.Kind).HasMaxLength(32);
        builder.Property(message => message.Recipient).HasMaxLength(100);
        builder.Property(message => message.LastError).HasMaxLength(OutboxMessage.ErrorLength);
        builder.HasIndex(message => new
        {
            message.Kind,
            message.Recipient,
            message.DueAt,
        });
        builder.HasIndex(message => new { message.Kind, message.DueAt });
        builder.HasIndex(message => message.FailedAt).HasFilter("failed_at IS NOT NULL");
    }

    static void Configure(EntityTypeBuilder<SeenToken> builder)
    {
        builder.ToTable("seen_tokens", "identity");
        builder.HasKey(token => token.Hash);
        builder.HasIndex(token => token.ExpiresAt);
    }
}
