using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Audit;

/// <summary>
/// That somebody did something, written in the transaction that did it and never changed: who, what, to which row, which fields, when, in which session.
/// Refreshes and failed sign-ins are forgotten after a while, by a database function that can forget nothing else.
/// Holds no password, token or code.
/// </summary>
public sealed class AuditEntry
{
    /// <summary>Its place in the book.</summary>
    public long Id { get; private set; }

    /// <summary>When, in UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The database role that wrote it; the database sees to it that nobody writes as another.</summary>
    public string Service { get; private set; } = null!;

    /// <summary>What was done: a name from the list of events, such as <c>signed-in</c>, or <c>note.updated</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Who did it; null where nobody was signed in.</summary>
    public Guid? UserId { get; init; }

    /// <summary>The administrator who acted as them; null where they did it themself. The database fills it in from the session, so that no service can forget it.</summary>
    public Guid? ActedBy { get; private set; }

    /// <summary>In which session.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>What kind of row it was done to, such as <c>note</c>.</summary>
    public string? SubjectType { get; init; }

    /// <summary>The row's key.</summary>
    public string? SubjectId { get; init; }

    /// <summary>What else there is to know as a JSON object; for changed fields <c>{ "title": { "from": …, "to": … } }</c>.</summary>
    public string? Details { get; init; }

    /// <summary>The address it was done from.</summary>
    public string? Ip { get; init; }

    /// <summary>The trace of the request, where there was one.</summary>
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
        builder.HasIndex(entry => new { entry.SubjectType, entry.SubjectId, entry.Id });
        builder.HasIndex(entry => new { entry.UserId, entry.Id });
        builder.HasIndex(entry => new { entry.Action, entry.Id });
        // A span of time in its order. It is written in that order, so that only the index's last page is ever written to.
        builder.HasIndex(entry => new { entry.At, entry.Id });
        // Most of the book is about nothing but whoever signs in.
        builder.HasIndex(entry => new { entry.SubjectType, entry.Id }).HasFilter("subject_type IS NOT NULL");
        // What there is much of.
        builder.HasIndex(entry => new { entry.Action, entry.At }).HasFilter("action IN ('refreshed', 'sign-in-failed', 'signed-in')");
        // And what there is little of, among so much else.
        builder.HasIndex(entry => entry.Id).HasFilter("action NOT IN ('refreshed', 'sign-in-failed', 'signed-in')").HasDatabaseName("ix_entries_changes");
        builder.Property(entry => entry.ActedBy).Metadata.SetBeforeSaveBehavior(PropertySaveBehavior.Ignore);
    }
}
