using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;

namespace Lightning.Admin.Engine.Forms;

/// <summary>Translates database errors into messages for the user.</summary>
static class DatabaseErrors
{
    /// <summary>The error for a violated unique constraint.</summary>
    public const string Duplicate = "Another row already has this value.";

    /// <summary>The error for a concurrent change.</summary>
    public const string Concurrent = "Someone else changed this row. Try again.";

    const string Referenced = "Other rows still refer to this one.";

    /// <summary>The affected columns and the message; null if the user's input is not the cause.</summary>
    public static (IReadOnlyList<string> Columns, string Sentence)? Describe(DbUpdateException ex, IEntityType table) =>
        ex is DbUpdateConcurrencyException ? ([], Concurrent)
        : ex.InnerException is not PostgresException error ? null
        : error.SqlState switch
        {
            PostgresErrorCodes.UniqueViolation => (
                table
                    .GetIndexes()
                    .FirstOrDefault(index => index.GetDatabaseName() == error.ConstraintName)
                    ?.Properties.Select(column => column.Name)
                    .ToList()
                    ?? table
                        .GetKeys()
                        .FirstOrDefault(key => key.GetName() == error.ConstraintName)
                        ?.Properties.Select(column => column.Name)
                        .ToList()
                    ?? [],
                Duplicate
            ),
            PostgresErrorCodes.ForeignKeyViolation => (
                table
                    .GetForeignKeys()
                    .FirstOrDefault(key => key.GetConstraintName() == error.ConstraintName)
                    ?.Properties.Select(column => column.Name)
                    .ToList()
                    ?? [],
                error.TableName == table.GetTableName() ? "The selected row no longer exists." : Referenced
            ),
            PostgresErrorCodes.RestrictViolation => ([], Referenced),
            PostgresErrorCodes.CheckViolation => ([], "One of these values is not allowed. Nothing was saved."),
            PostgresErrorCodes.NotNullViolation => (
                [
                    .. table
                        .GetProperties()
                        .Where(column => column.GetColumnName() == error.ColumnName)
                        .Select(column => column.Name),
                ],
                "This field is required."
            ),
            PostgresErrorCodes.NumericValueOutOfRange or PostgresErrorCodes.StringDataRightTruncation => (
                [],
                "A value is too large. Nothing was saved."
            ),
            // The policies and the database grants disagree, which an operator must fix; EF has logged the error.
            PostgresErrorCodes.InsufficientPrivilege => (
                [],
                "The admin site does not have permission to make this change. Nothing was saved. Contact the operator "
                    + "of this site."
            ),
            _ => null,
        };
}
