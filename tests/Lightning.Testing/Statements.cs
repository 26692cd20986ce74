using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Lightning.Testing;

/// <summary>A recorded command.</summary>
/// <param name="Text">The SQL.</param>
/// <param name="Parameters">The parameters.</param>
/// <param name="Settings">The <c>SET LOCAL</c> statements of its transaction; empty if there are none.</param>
public sealed record Statement(string Text, IReadOnlyList<NpgsqlParameter> Parameters, string Settings);

/// <summary>
/// An interceptor that records the commands of contexts, in order; commands that bypass EF are not recorded.
/// </summary>
public sealed class Statements : DbCommandInterceptor
{
    readonly ConcurrentQueue<(bool ReturnsRows, Statement Statement)> all = new();
    string settings = "";

    /// <summary>The SQL of all commands.</summary>
    public IReadOnlyList<string> All => [.. all.Select(recorded => recorded.Statement.Text)];

    /// <summary>The commands that return rows, which can be explained.</summary>
    public IReadOnlyList<Statement> Queries =>
        [.. all.Where(recorded => recorded.ReturnsRows).Select(recorded => recorded.Statement)];

    public void Clear() => all.Clear();

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default
    )
    {
        Record(command, returnsRows: true);
        return new(result);
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<int> result,
        CancellationToken cancellationToken = default
    )
    {
        if (command.CommandText.Contains("SET LOCAL", StringComparison.Ordinal))
            settings = command.CommandText;
        Record(command, returnsRows: false);
        return new(result);
    }

    void Record(DbCommand command, bool returnsRows)
    {
        var parameters = command.Parameters.Cast<NpgsqlParameter>().Select(parameter => parameter.Clone());
        var statement = new Statement(
            command.CommandText,
            [.. parameters],
            command.Transaction is null ? "" : settings
        );
        all.Enqueue((returnsRows, statement));
    }
}
