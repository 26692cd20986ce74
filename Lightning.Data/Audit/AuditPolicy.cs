using Lightning.Authorization;

namespace Lightning.Data.Audit;

/// <summary>Administrators read the audit log; it cannot be changed.</summary>
public sealed class AuditPolicy : Policy<AuditEntry>
{
    /// <summary>Defines the rules.</summary>
    public AuditPolicy() => Allow(Verb.Read, Is.Admin);
}
