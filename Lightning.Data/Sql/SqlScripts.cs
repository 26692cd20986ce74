namespace Lightning.Data.Sql;

/// <summary>The SQL scripts of this folder, embedded in the assembly.</summary>
static class SqlScripts
{
    /// <summary>
    /// The scripts that create what the model cannot express (functions, triggers, policies, expression indexes), in
    /// the order in which they must run: after the tables and the roles.
    /// </summary>
    public static readonly IReadOnlyList<string> Schema =
    [
        "actor",
        "search",
        "users",
        "organizations",
        "notes",
        "note_shares",
        "deleted_notes",
        "sessions",
        "administrators",
        "impersonation",
        "audit",
        "outbox",
        "data_protection",
    ];

    /// <summary>The text of a script.</summary>
    /// <param name="name">The file name without <c>.sql</c>.</param>
    public static string Read(string name)
    {
        using var stream = typeof(SqlScripts).Assembly.GetManifestResourceStream($"Lightning.Data.Sql.{name}.sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
