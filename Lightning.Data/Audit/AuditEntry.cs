using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Audit;

/// <summary>
/// An entry of the audit log, written in the transaction of the action and never changed. Old refreshes and failed
/// sign-ins are deleted by a database function that can delete nothing else. Holds no password, token or code.
/// </summary>
public sealed class AuditEntry
{
    /// <summary>The id, ascending in the order of insertion.</summary>
    public long Id { get; private set; }

    /// <summary>When the action happened (UTC).</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The database role that wrote the entry; set by the database.</summary>
    public string Service { get; private set; } = null!;

    /// <summary>
    /// The action: a security event such as <c>signed-in</c>, or a write such as <c>note.updated</c>.
    /// </summary>
    public required string Action { get; init; }

    /// <summary>The user's id; null if no user was signed in.</summary>
    public Guid? UserId { get; init; }

    /// <summary>
    /// The id of the administrator who impersonated the user; null if the session was not impersonated. The database
    /// sets it from the session, so that no service can omit it.
    /// </summary>
    public Guid? ActedBy { get; private set; }

    /// <summary>The session's id; null if there was none.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>The kind of the affected row, such as <c>note</c>; null if no row was affected.</summary>
    public string? SubjectType { get; init; }

    /// <summary>The affected row's key.</summary>
    public string? SubjectId { get; init; }

    /// <summary>
    /// More about the action as a JSON object; for changed fields <c>{ "title": { "from": …, "to": … } }</c>.
    /// </summary>
    public string? Details { get; init; }

    /// <summary>The client's IP address.</summary>
    public string? Ip { get; init; }

    /// <summary>The W3C trace id of the request; null outside a request.</summary>
    public string? TraceId { get; init; } = Activity.Current?.TraceId.ToString();
}

sealed class AuditTable : IEntityTypeConfiguration<AuditEntry>
{
    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.ToTable("entries", "audit");
        builder.Property(entry => entry.Id).UseIdentityAlwaysColumn();
        builder.Property(entry => entry.Service).HasMaxLength(63).HasDefaultValueSql("current_user");
        builder.Property(entry => entry.Action).HasMaxLength(64);
        builder.Property(entry => entry.SubjectType).HasMaxLength(64);
        builder.Property(entry => entry.SubjectId).HasMaxLength(256);
        builder.Property(entry => entry.Details).HasColumnType("jsonb");
        builder.Property(entry => entry.Ip).HasMaxLength(45);
        builder.Property(entry => entry.TraceId).HasMaxLength(32);
        builder.HasIndex(entry => new
        {
            entry.SubjectType,
            entry.SubjectId,
            entry.Id,
        });
        builder.HasIndex(entry => new { entry.UserId, entry.Id });
        builder.HasIndex(entry => new { entry.Action, entry.Id });
        // Serves ranges of time. Entries arrive in this order, so inserts only touch the last index page.
        builder.HasIndex(entry => new { entry.At, entry.Id });
        // Most entries are sign-ins and have no subject.
        builder.HasIndex(entry => new { entry.SubjectType, entry.Id }).HasFilter("subject_type IS NOT NULL");
        // The frequent actions, by time.
        builder
            .HasIndex(entry => new { entry.Action, entry.At })
            .HasFilter("action IN ('refreshed', 'sign-in-failed', 'signed-in')");
        // All other actions, the newest first.
        builder
            .HasIndex(entry => entry.Id)
            .HasFilter("action NOT IN ('refreshed', 'sign-in-failed', 'signed-in')")
            .HasDatabaseName("ix_entries_changes");
        builder.Property(entry => entry.ActedBy).Metadata.SetBeforeSaveBehavior(PropertySaveBehavior.Ignore);
    }
}
