using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Audit;

namespace Lightning.Identity.Audit;

/// <summary>
/// Records security events in three places under one name: an entry in the audit log, saved in the caller's
/// transaction, and after the commit a log event and a metric. None contains a name, an email address or a credential.
/// </summary>
sealed class AuditLog(
    LightningDb db,
    IHttpContextAccessor context,
    TimeProvider clock,
    ProviderMetrics metrics,
    ILogger<AuditLog> logger
)
{
    /// <summary>Adds an entry to the context.</summary>
    /// <param name="action">The name of the event.</param>
    /// <param name="userId">The user who acted or is affected; null if unknown.</param>
    /// <param name="sid">The session; null if there is none.</param>
    /// <param name="subject">The type and id of the affected row.</param>
    /// <param name="details">Additional data, stored as JSON.</param>
    public AuditEntry Add(
        string action,
        Guid? userId,
        Guid? sid = null,
        (string Type, string Id)? subject = null,
        object? details = null
    )
    {
        var entry = Create(action, userId, sid, subject, details);
        db.AuditEntries.Add(entry);
        return entry;
    }

    /// <summary>
    /// Creates an entry without adding it to the context, for a caller that inserts it with its own SQL.
    /// </summary>
    public AuditEntry Create(
        string action,
        Guid? userId,
        Guid? sid = null,
        (string Type, string Id)? subject = null,
        object? details = null
    ) =>
        new()
        {
            At = clock.GetUtcNow(),
            Action = action,
            UserId = userId,
            SessionId = sid,
            SubjectType = subject?.Type,
            SubjectId = subject?.Id,
            Details = details is null ? null : JsonSerializer.Serialize(details),
            Ip = context.HttpContext?.Connection.RemoteIpAddress?.ToString(),
        };

    /// <summary>Writes the log event and the metric. Call it after the transaction is committed.</summary>
    public void AfterCommit(AuditEntry entry, Action<ILogger, AuditEntry> log)
    {
        log(logger, entry);
        metrics.AuditEntryAdded(entry.Action);
    }
}
