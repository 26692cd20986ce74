using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Audit;

namespace Lightning.Identity.Audit;

/// <summary>
/// What happens to sessions, grants and accounts, in three places under one name: a line of the audit book, in the transaction that does it; once that is
/// committed, an event of the log and a count. None of them holds a name, a mail address or anything that opens an account.
/// </summary>
sealed class AuditBook(LightningDb db, IHttpContextAccessor context, TimeProvider clock, ProviderMetrics metrics, ILogger<AuditBook> logger)
{
    /// <summary>Enters a line into what the context will save.</summary>
    /// <param name="action">What was done: the name of the event.</param>
    /// <param name="userId">Who did it, or to whom; null where nobody known is concerned.</param>
    /// <param name="sid">In which session.</param>
    /// <param name="subject">To which row.</param>
    /// <param name="details">What else there is to know.</param>
    public AuditEntry Enter(string action, Guid? userId, Guid? sid = null, (string Type, string Id)? subject = null, object? details = null)
    {
        var entry = Write(action, userId, sid, subject, details);
        db.AuditEntries.Add(entry);
        return entry;
    }

    /// <summary>The same line, for a statement of the caller's own.</summary>
    public AuditEntry Write(string action, Guid? userId, Guid? sid = null, (string Type, string Id)? subject = null, object? details = null) => new()
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

    /// <summary>Tells the log, and counts, once the line is committed.</summary>
    public void Done(AuditEntry entry, Action<ILogger, AuditEntry> tell)
    {
        tell(logger, entry);
        metrics.Happened(entry.Action);
    }
}
