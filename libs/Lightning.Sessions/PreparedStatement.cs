using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
using NpgsqlTypes;

namespace Lightning.Sessions;

/// <summary>
/// A statement on a hot path, such as the lookup of a session or the rotation of a token. It bypasses EF, whose
/// overhead is several times the statement's cost; Npgsql prepares it after some uses (<c>Max Auto Prepare</c>).
/// </summary>
/// <param name="sql">The SQL, with positional parameters <c>$1</c>, <c>$2</c> and so on.</param>
public sealed class PreparedStatement(string sql)
{
    /// <summary>Runs the statement on the connection and in its transaction, if it has one.</summary>
    /// <param name="database">The context's database.</param>
    /// <param name="values">The parameters' values; null is a null of type text.</param>
    /// <param name="read">Maps a row.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>The first row, mapped; null if there is none.</returns>
    /// <exception cref="System.Data.Common.DbException">The statement failed, or the database is down.</exception>
    public async Task<T?> FirstAsync<T>(
        DatabaseFacade database,
        object?[] values,
        Func<NpgsqlDataReader, T> read,
        CancellationToken cancellationToken
    )
        where T : class
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(read);
        await database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var command = new NpgsqlCommand(sql, (NpgsqlConnection)database.GetDbConnection());
            foreach (var value in values)
                command.Parameters.Add(
                    value is null
                        ? new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = DBNull.Value }
                        : new NpgsqlParameter { Value = value }
                );
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken) ? read(reader) : null;
        }
        catch
        {
            PreparedStatementResetInterceptor.Mark(database.GetDbConnection());
            throw;
        }
        finally
        {
            await database.CloseConnectionAsync();
        }
    }
}
