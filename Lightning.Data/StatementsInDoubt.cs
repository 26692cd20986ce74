using System.Data;
using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Lightning.Data;

/// <summary>
/// Has a connection forget its prepared statements, as it goes back to the pool, where something failed on it. The driver (Npgsql 10.0) takes a statement for prepared as soon as the database has parsed it,
/// and learns a message later what it answers with. Where the journey ends in between, because whoever asked has left or a value cannot be planned with, it expects no rows of it from then on: the next one
/// on that connection who asks the same gets "Received unexpected backend message DataRow", and loses the connection.
/// </summary>
sealed class StatementsInDoubt : IDbCommandInterceptor, IDbTransactionInterceptor, IDbConnectionInterceptor
{
    public static readonly StatementsInDoubt Instance = new();
    static readonly ConditionalWeakTable<DbConnection, object> doubted = [];

    StatementsInDoubt()
    {
    }

    /// <summary>Something failed on a connection past EF.</summary>
    public static void Doubt(DbConnection connection) => doubted.AddOrUpdate(connection, Instance);

    public void CommandFailed(DbCommand command, CommandErrorEventData eventData) => Doubt(eventData.Connection);

    public Task CommandFailedAsync(DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Doubt(eventData.Connection);
        return Task.CompletedTask;
    }

    public void CommandCanceled(DbCommand command, CommandEndEventData eventData) => Doubt(eventData.Connection);

    public Task CommandCanceledAsync(DbCommand command, CommandEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Doubt(eventData.Connection);
        return Task.CompletedTask;
    }

    public DbDataReader ReaderExecuted(DbCommand command, CommandExecutedEventData eventData, DbDataReader result)
    {
        DoubtWhatIsWritten(command, eventData);
        return result;
    }

    public ValueTask<DbDataReader> ReaderExecutedAsync(DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        DoubtWhatIsWritten(command, eventData);
        return new(result);
    }

    public void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => doubted.Remove(eventData.Context!.Database.GetDbConnection());

    public Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        TransactionCommitted(transaction, eventData);
        return Task.CompletedTask;
    }

    public InterceptionResult ConnectionClosing(DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
    {
        Forget(connection);
        return result;
    }

    public ValueTask<InterceptionResult> ConnectionClosingAsync(DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
    {
        Forget(connection);
        return new(result);
    }

    /// <summary>What EF writes are several statements in one journey, and what fails after the first it does not tell: only that they are not committed.</summary>
    static void DoubtWhatIsWritten(DbCommand command, CommandEventData asked)
    {
        if (asked.CommandSource == CommandSource.SaveChanges && command.Transaction is not null) Doubt(asked.Connection);
    }

    static void Forget(DbConnection connection)
    {
        // Nearly always there is nothing, and to look for it takes no lock.
        if (!doubted.TryGetValue(connection, out _)) return;
        doubted.Remove(connection);
        if (connection.State != ConnectionState.Open) return;
        try
        {
            // There is no asynchronous way.
            ((NpgsqlConnection)connection).UnprepareAll();
        }
        catch (NpgsqlException) when (connection.State != ConnectionState.Open)
        {
            // A connection that is lost with this goes back to no pool; what failed on it before is what is told.
        }
    }
}
