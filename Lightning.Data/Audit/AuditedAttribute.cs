namespace Lightning.Data.Audit;

/// <summary>Each write of such an object leaves an <see cref="AuditEntry"/>: <see cref="AuditedWrites"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AuditedAttribute(string name) : Attribute
{
    /// <summary>What the book calls it.</summary>
    public string Name { get; } = name;
}

/// <summary>The book says that this was changed, and not from what to what: it holds no name and no address.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UnquotedAttribute : Attribute;
