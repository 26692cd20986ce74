namespace Lightning.Sessions.Model;

/// <summary>Writes the ends of sessions to the application's audit log.</summary>
public interface ISessionAudit
{
    /// <summary>Writes events in the current transaction of <see cref="ISessionContext"/>.</summary>
    Task RecordAsync(IEnumerable<SessionAuditEvent> events);
}

/// <summary>An event of the audit log.</summary>
public sealed record SessionAuditEvent
{
    /// <summary>When it happened (UTC).</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The action, such as <c>signed-out</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The id of the user who acted, or whose session it is.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The id of that user's session.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>What was affected, such as <c>session</c>; null for the session itself.</summary>
    public string? SubjectType { get; init; }

    /// <summary>The key of what was affected; null if there is none.</summary>
    public string? SubjectId { get; init; }

    /// <summary>More about the action, as a JSON object.</summary>
    public required string Details { get; init; }

    /// <summary>The client's IP address; null if it is unknown.</summary>
    public string? Ip { get; init; }
}
