using Lightning.Data.Rules;

namespace Lightning.Data.Audit;

/// <summary>The book is administrators' to read, and nobody's to change.</summary>
public sealed class AuditPolicy : Policy<AuditEntry>
{
    /// <summary>States the rules.</summary>
    public AuditPolicy() => Allow(Verb.Read, Is.Admin);
}
