namespace Lightning.Data.Audit;

/// <summary>Marks an entity whose writes add an <see cref="AuditEntry"/>; see <see cref="AuditInterceptor"/>.</summary>
/// <param name="name">The entity's name in the audit log, such as <c>note</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AuditedAttribute(string name) : Attribute
{
    /// <summary>The entity's name in the audit log.</summary>
    public string Name { get; } = name;
}

/// <summary>Marks a property whose changes are audited without their values, because they are personal data.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AuditRedactedAttribute : Attribute;
