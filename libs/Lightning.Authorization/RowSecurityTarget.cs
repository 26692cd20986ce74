namespace Lightning.Authorization;

/// <summary>Where generated row-level security applies.</summary>
/// <param name="Role">The database role that the policies restrict: neither a superuser nor the tables' owner.</param>
/// <param name="Schema">The schema of the functions <c>actor()</c> and <c>acts_as(text)</c>, and of generated
/// functions.</param>
public sealed record RowSecurityTarget(string Role, string Schema);

/// <summary>The generated row-level security of one table.</summary>
/// <param name="Entity">The entity's name in the model.</param>
/// <param name="Table">The table, as SQL names it.</param>
/// <param name="Create">Statements that create functions and policies.</param>
/// <param name="Drop">Statements that drop them.</param>
/// <param name="Reads">The tables that each rule reads, by the rule's name, but for those that functions read.</param>
sealed record RowSecurityScript(
    string Entity,
    string Table,
    string Create,
    string Drop,
    IReadOnlyList<(Verb Verb, string Rule, string Sql)> Reads
)
{
    /// <summary>The first of its rules that reads a table; null if none does.</summary>
    /// <param name="table">The table.</param>
    /// <param name="onRead">Only rules for reading, which apply where another policy reads this table.</param>
    public string? RuleThatReads(string table, bool onRead) =>
        Reads
            .FirstOrDefault(read =>
                (read.Verb == Verb.Read || !onRead)
                && (
                    read.Sql.Contains($"FROM {table} AS ", StringComparison.Ordinal)
                    || read.Sql.Contains($"JOIN {table} AS ", StringComparison.Ordinal)
                )
            )
            .Rule;
}
