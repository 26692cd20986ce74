using Lightning.Data.Audit;
using Lightning.Sessions;

namespace Lightning.Identity.Audit;

static class AuditEntryInLogs
{
    extension(AuditEntry entry)
    {
        /// <summary>The entry's session as it appears in logs; null if it has none.</summary>
        public SessionLogId? SessionLogId => entry.SessionId is { } sid ? new SessionLogId(sid) : null;
    }
}
