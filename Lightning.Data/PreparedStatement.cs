using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;

namespace Lightning.Data;

/// <summary>
/// A statement that most requests of some kind need, such as the look at a session or the rotation of a token. The driver prepares it, as it does all that
/// recurs (<c>Max Auto Prepare</c>), and it does not go through EF, whose way to a statement costs several times what these do.
/// </summary>
/// <param name="sql">With parameters <c>$1</c>, <c>$2</c> and so on.</param>
public sealed class PreparedStatement(string sql)
{
    /// <summary>Runs it on the context's connection, in its transaction where there is one.</summary>
    /// <param name="db">The context.</param>
    /// <param name="values">The parameters; null stands for a text that is not there.</param>
    /// <param name="read">Makes something of the row.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What was made of the first row; null where there is none.</returns>
    /// <exception cref="System.Data.Common.DbException">The database refuses it, or does not answer.</exception>
    public async Task<T?> FirstAsync<T>(LightningDb db, object?[] values, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(db);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(read);
        await db.Database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var command = new NpgsqlCommand(sql, (NpgsqlConnection)db.Database.GetDbConnection());
            foreach (var value in values)
                command.Parameters.Add(value is null ? new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Text, Value = DBNull.Value } : new NpgsqlParameter { Value = value });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken) ? read(reader) : null;
        }
        catch
        {
            PreparedStatementResetInterceptor.Mark(db.Database.GetDbConnection());
            throw;
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }
}
