using Lightning.Admin.Engine.Audit;

namespace Lightning.Admin.Engine.History;

/// <summary>An audit entry about a row, for display.</summary>
/// <param name="Record">The audit entry.</param>
/// <param name="What">The action, as text.</param>
/// <param name="Changes">The changed fields.</param>
public sealed record HistoryEntry(AuditRecord Record, string What, IReadOnlyList<Change> Changes);

/// <summary>A changed field.</summary>
/// <param name="Title">The field's title.</param>
/// <param name="From">The previous value; null if not recorded.</param>
/// <param name="To">The new value; null if not recorded.</param>
public sealed record Change(string Title, string? From, string? To);
