using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Lightning.Testing;

/// <summary>What contexts ask of the database, in order: an interceptor to be given to them. What else a service asks the driver it does not hear.</summary>
public sealed class Statements : DbCommandInterceptor
{
    readonly ConcurrentQueue<(bool Answers, string Text, IReadOnlyList<NpgsqlParameter> Parameters)> all = new();

    /// <summary>The texts of all of it.</summary>
    public IReadOnlyList<string> All => [.. all.Select(statement => statement.Text)];

    /// <summary>What was answered by rows, and so can be explained.</summary>
    public IReadOnlyList<(string Text, IReadOnlyList<NpgsqlParameter> Parameters)> Queries => [.. all.Where(statement => statement.Answers).Select(statement => (statement.Text, statement.Parameters))];

    public void Clear() => all.Clear();

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Hear(command, answers: true);
        return new(result);
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Hear(command, answers: false);
        return new(result);
    }

    void Hear(DbCommand command, bool answers) => all.Enqueue((answers, command.CommandText, [.. command.Parameters.Cast<NpgsqlParameter>().Select(parameter => parameter.Clone())]));
}
