using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;

namespace Lightning.Admin.Forms;

/// <summary>What the database has against a write, as far as a person can mend it.</summary>
static class DatabaseFaults
{
    /// <summary>What is to be there once is there already.</summary>
    public const string Twice = "Another row has this already.";

    /// <summary>Somebody else was quicker.</summary>
    public const string Meanwhile = "Somebody changed it meanwhile: try again.";

    /// <summary>The columns that are at fault, and a sentence; null where it is no fault of what was filled in.</summary>
    public static (IReadOnlyList<string> Columns, string Sentence)? Of(DbUpdateException fault, IEntityType table) => fault is DbUpdateConcurrencyException ? ([], Meanwhile)
        : fault.InnerException is not PostgresException refusal ? null : refusal.SqlState switch
        {
            PostgresErrorCodes.UniqueViolation => (table.GetIndexes().FirstOrDefault(index => index.GetDatabaseName() == refusal.ConstraintName)?.Properties.Select(column => column.Name).ToList()
                ?? table.GetKeys().FirstOrDefault(key => key.GetName() == refusal.ConstraintName)?.Properties.Select(column => column.Name).ToList() ?? [], Twice),
            PostgresErrorCodes.ForeignKeyViolation => (table.GetForeignKeys().FirstOrDefault(key => key.GetConstraintName() == refusal.ConstraintName)?.Properties.Select(column => column.Name).ToList() ?? [],
                refusal.TableName == table.GetTableName() ? "There is no such row any more." : "Other rows still refer to it."),
            PostgresErrorCodes.RestrictViolation => ([], "Other rows still refer to it."),
            PostgresErrorCodes.CheckViolation => ([], $"The database does not allow this ({refusal.ConstraintName})."),
            PostgresErrorCodes.NotNullViolation => ([.. table.GetProperties().Where(column => column.GetColumnName() == refusal.ColumnName).Select(column => column.Name)], "This cannot be left open."),
            PostgresErrorCodes.NumericValueOutOfRange or PostgresErrorCodes.StringDataRightTruncation => ([], "A value is too large for its column."),
            // That the rules and the database's grants say two things is for whoever runs the site to mend; EF has logged it as an error by now.
            PostgresErrorCodes.InsufficientPrivilege => ([], "The database does not let this site write that. Nothing was changed; whoever runs the site has to give it the right, or take the button away."),
            _ => null,
        };
}
