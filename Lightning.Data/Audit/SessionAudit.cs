using Lightning.Sessions.Model;

namespace Lightning.Data.Audit;

/// <summary>Writes the ends of sessions to the audit log.</summary>
sealed class SessionAudit(LightningDb db) : ISessionAudit
{
    public Task RecordAsync(IEnumerable<SessionAuditEvent> events)
    {
        db.AuditEntries.AddRange(
            events.Select(item => new AuditEntry
            {
                At = item.At,
                Action = item.Action,
                UserId = item.UserId,
                SessionId = item.SessionId,
                SubjectType = item.SubjectType,
                SubjectId = item.SubjectId,
                Details = item.Details,
                Ip = item.Ip,
            })
        );
        return db.SaveChangesAsync();
    }
}
