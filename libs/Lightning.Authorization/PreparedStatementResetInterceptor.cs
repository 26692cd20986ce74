using System.Data;
using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Lightning.Authorization;

/// <summary>
/// Drops a connection's prepared statements before it returns to the pool if a command on it failed or was cancelled.
/// Npgsql 10.0 marks a statement as prepared when the server has parsed it, one message before it learns which columns
/// the statement returns. A command that fails in between leaves it marked, without columns: the next command with the
/// same SQL fails with "Received unexpected backend message DataRow" and breaks the connection. A test fails as soon as
/// Npgsql no longer does this; then this class can go.
/// </summary>
/// <remarks>Add it to contexts whose connections prepare statements (<c>Max Auto Prepare</c>).</remarks>
public sealed class PreparedStatementResetInterceptor
    : IDbCommandInterceptor,
        IDbTransactionInterceptor,
        IDbConnectionInterceptor
{
    /// <summary>The instance for all contexts.</summary>
    public static readonly PreparedStatementResetInterceptor Instance = new();

    static readonly ConditionalWeakTable<DbConnection, object> marked = [];

    PreparedStatementResetInterceptor() { }

    /// <summary>Marks a connection on which a command failed that EF did not send.</summary>
    public static void Mark(DbConnection connection) => marked.AddOrUpdate(connection, Instance);

    /// <inheritdoc/>
    public void CommandFailed(DbCommand command, CommandErrorEventData eventData) => Mark(eventData.Connection);

    /// <inheritdoc/>
    public Task CommandFailedAsync(
        DbCommand command,
        CommandErrorEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        Mark(eventData.Connection);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void CommandCanceled(DbCommand command, CommandEndEventData eventData) => Mark(eventData.Connection);

    /// <inheritdoc/>
    public Task CommandCanceledAsync(
        DbCommand command,
        CommandEndEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        Mark(eventData.Connection);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public DbDataReader ReaderExecuted(DbCommand command, CommandExecutedEventData eventData, DbDataReader result)
    {
        MarkBatch(command, eventData);
        return result;
    }

    /// <inheritdoc/>
    public ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command,
        CommandExecutedEventData eventData,
        DbDataReader result,
        CancellationToken cancellationToken = default
    )
    {
        MarkBatch(command, eventData);
        return new(result);
    }

    /// <inheritdoc/>
    public void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) =>
        marked.Remove(eventData.Context!.Database.GetDbConnection());

    /// <inheritdoc/>
    public Task TransactionCommittedAsync(
        DbTransaction transaction,
        TransactionEndEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        TransactionCommitted(transaction, eventData);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public InterceptionResult ConnectionClosing(
        DbConnection connection,
        ConnectionEventData eventData,
        InterceptionResult result
    )
    {
        ResetIfMarked(connection);
        return result;
    }

    /// <inheritdoc/>
    public ValueTask<InterceptionResult> ConnectionClosingAsync(
        DbConnection connection,
        ConnectionEventData eventData,
        InterceptionResult result
    )
    {
        ResetIfMarked(connection);
        return new(result);
    }

    /// <summary>
    /// Marks the connection of a SaveChanges until its transaction commits: its commands go as one batch, and EF
    /// reports no failure after the first.
    /// </summary>
    static void MarkBatch(DbCommand command, CommandEventData eventData)
    {
        if (eventData.CommandSource == CommandSource.SaveChanges && command.Transaction is not null)
            Mark(eventData.Connection);
    }

    static void ResetIfMarked(DbConnection connection)
    {
        // TryGetValue takes no lock, Remove does; a connection is seldom marked.
        if (!marked.TryGetValue(connection, out _))
            return;
        marked.Remove(connection);
        if (connection.State != ConnectionState.Open)
            return;
        try
        {
            // Npgsql has no asynchronous counterpart.
            ((NpgsqlConnection)connection).UnprepareAll();
        }
        catch (NpgsqlException) when (connection.State != ConnectionState.Open)
        {
            // The connection broke, so it does not return to the pool; the caller gets the first error.
        }
    }
}
