namespace Lightning.Admin.Engine.Audit;

/// <summary>Which entries about a row to read.</summary>
/// <param name="SubjectTypes">The subject types of the row.</param>
/// <param name="SubjectId">The row's key as recorded in the audit log.</param>
/// <param name="Before">Only entries older than the one with this id; null for the newest.</param>
/// <param name="Most">The maximum number of entries.</param>
public sealed record AuditQuery(IReadOnlyList<string> SubjectTypes, string SubjectId, long? Before, int Most);

/// <summary>An entry of the audit log.</summary>
/// <param name="Id">The id, ascending in the order of insertion.</param>
/// <param name="At">When the action happened (UTC).</param>
/// <param name="Action">The action, such as <c>note.updated</c>.</param>
public sealed record AuditRecord(long Id, DateTimeOffset At, string Action)
{
    /// <summary>The subject type; null if the entry is about no row.</summary>
    public string? SubjectType { get; init; }

    /// <summary>The action in words; null to derive them from its name.</summary>
    public string? Text { get; init; }

    /// <summary>
    /// More about the action as a JSON object; for changed fields <c>{ "title": { "from": …, "to": … } }</c>.
    /// </summary>
    public string? Details { get; init; }

    /// <summary>The user; null if no user was signed in.</summary>
    public AuditLink? User { get; init; }

    /// <summary>The administrator who impersonated the user; null without impersonation.</summary>
    public AuditLink? Impersonator { get; init; }

    /// <summary>The session; null if there was none.</summary>
    public AuditLink? Session { get; init; }

    /// <summary>The client's IP address.</summary>
    public string? Ip { get; init; }
}

/// <summary>A row that an entry of the audit log mentions.</summary>
/// <param name="Name">The display name.</param>
/// <param name="Url">The URL of the row's page; null if the actor may not read it.</param>
public sealed record AuditLink(string Name, string? Url);

/// <summary>An export of a list.</summary>
/// <param name="At">When it began (UTC).</param>
/// <param name="List">The list's slug.</param>
/// <param name="Format">The format: <c>csv</c> or <c>json</c>.</param>
/// <param name="Columns">The names of the exported columns.</param>
/// <param name="Ip">The client's IP address.</param>
public sealed record ExportRecord(
    DateTimeOffset At,
    string List,
    string Format,
    IReadOnlyList<string> Columns,
    string? Ip
);
