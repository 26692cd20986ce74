using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Audit;

namespace Lightning.Admin.Audit;

/// <summary>Adds audit entries of the signed-in administrator, which the caller saves.</summary>
public sealed class AdminAudit(LightningDb db, Actor actor, TimeProvider clock)
{
    /// <summary>The signed-in administrator.</summary>
    public Actor Actor => actor;

    /// <summary>The current time (UTC).</summary>
    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>Adds an entry.</summary>
    /// <param name="action">The action.</param>
    /// <param name="subjectType">The kind of the affected row.</param>
    /// <param name="subjectId">The affected row's key.</param>
    /// <param name="ip">The administrator's IP address.</param>
    /// <param name="details">More about the action as a JSON object; null for none.</param>
    public void Add(string action, string subjectType, Guid subjectId, string? ip, string? details = null) =>
        db.AuditEntries.Add(
            new AuditEntry
            {
                At = Now,
                Action = action,
                UserId = actor.UserId,
                SessionId = actor.SessionId,
                SubjectType = subjectType,
                SubjectId = subjectId.ToString(),
                Details = details,
                Ip = ip,
            }
        );
}
