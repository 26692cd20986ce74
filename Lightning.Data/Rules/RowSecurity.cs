using System.Data.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using NpgsqlTypes;

namespace Lightning.Data.Rules;

/// <summary>
/// Tells the database who acts, so that its row-level security can hold a query against the same rules: a witness against a scope that was forgotten, and no
/// defence against SQL that was injected. It is said for one transaction, with each query that is one by itself and at the beginning of each that is begun; with its end the database
/// forgets it. So nothing is left on a connection for whoever has it next, be it lent by the request, by the query or, by a pooler, by the transaction.
/// </summary>
public static class RowSecurity
{
    const string Says = "SELECT set_config('lightning.actor', @lightning_actor, true), set_config('lightning.acts_as', @lightning_acts_as, true)";

    /// <summary>Adds it to a service whose database role is held to the policies.</summary>
    /// <remarks>What is asked before anybody is known is the session gate's: it may look up users, and reaches nothing that is owned.</remarks>
    public static IServiceCollection AddRowSecurity(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.TryAddSingleton<Announcement>();
        return services.ConfigureDbContext<LightningDb>((provider, options) => options.AddInterceptors(provider.GetRequiredService<Announcement>()));
    }

    /// <summary>Says who acts until the end of the transaction that the connection is in; null for whoever looks up who it is.</summary>
    public static async Task AnnounceAsync(DbConnection connection, Actor? actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var command = Announce(connection, actor);
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch
        {
            PreparedStatementResetInterceptor.Mark(connection);
            throw;
        }
    }

    static NpgsqlCommand Announce(DbConnection connection, Actor? actor)
    {
        var command = ((NpgsqlConnection)connection).CreateCommand();
        command.CommandText = Says;
        Add(command, actor);
        return command;
    }

    static void Add(DbCommand command, Actor? actor)
    {
        command.Parameters.Add(new NpgsqlParameter<string>("lightning_actor", NpgsqlDbType.Text) { TypedValue = actor?.UserId.ToString() ?? "" });
        command.Parameters.Add(new NpgsqlParameter<string>("lightning_acts_as", NpgsqlDbType.Text) { TypedValue = ActsAs(actor) });
    }

    static string ActsAs(Actor? actor) => actor is null ? "gate" : string.Join(' ', Traits(actor));

    static IEnumerable<string> Traits(Actor actor)
    {
        if (actor.IsAdmin) yield return "admin";
        if (actor.IsVerified) yield return "verified";
        if (actor.ActedBy is null) yield return "themself";
    }

    /// <summary>
    /// Says it in the same journey as a query, and in the same as the beginning of a transaction. EF's own writes count the answers to their statements, so nothing can go before those: they are
    /// always in a transaction. What is asked past EF, or for a scalar outside a transaction, is asked by nobody and reaches nothing.
    /// </summary>
    sealed class Announcement(IHttpContextAccessor requests) : IDbCommandInterceptor, IDbTransactionInterceptor, ISaveChangesInterceptor
    {
        Actor? Actor => requests.HttpContext?.Features.Get<Actor>();

        public InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
        {
            TakeAlong(command);
            return result;
        }

        public ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            TakeAlong(command);
            return new(result);
        }

        public DbDataReader ReaderExecuted(DbCommand command, CommandExecutedEventData eventData, DbDataReader result)
        {
            if (!IsCarrier(command)) return result;
            try
            {
                result.NextResult();
                return result;
            }
            catch
            {
                result.Dispose();
                throw;
            }
        }

        public async ValueTask<DbDataReader> ReaderExecutedAsync(
            DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
        {
            if (!IsCarrier(command)) return result;
            try
            {
                await result.NextResultAsync(cancellationToken);
                return result;
            }
            catch
            {
                // It is nobody else's yet, and the connection is not free while it is open.
                await result.DisposeAsync();
                throw;
            }
        }

        public InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
        {
            TakeAlong(command);
            return result;
        }

        public ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            TakeAlong(command);
            return new(result);
        }

        public DbTransaction TransactionStarted(DbConnection connection, TransactionEndEventData eventData, DbTransaction result) => Say(connection, result);

        public ValueTask<DbTransaction> TransactionStartedAsync(DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default) =>
            SayAsync(connection, result, cancellationToken);

        public DbTransaction TransactionUsed(DbConnection connection, TransactionEventData eventData, DbTransaction result) => Say(connection, result);

        public ValueTask<DbTransaction> TransactionUsedAsync(DbConnection connection, TransactionEventData eventData, DbTransaction result, CancellationToken cancellationToken = default) =>
            SayAsync(connection, result, cancellationToken);

        public InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
        {
            eventData.Context!.Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
            return result;
        }

        public ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default) =>
            new(SavingChanges(eventData, result));

        /// <summary>Puts it before what is a transaction by itself; what it answers is passed over when the answer comes.</summary>
        void TakeAlong(DbCommand command)
        {
            if (command.Transaction is not null) return;
            command.CommandText = $"{Says};\n{command.CommandText}";
            Add(command, Actor);
        }

        static bool IsCarrier(DbCommand command) => command.CommandText.StartsWith(Says, StringComparison.Ordinal);

        DbTransaction Say(DbConnection connection, DbTransaction transaction)
        {
            using var command = Announce(connection, Actor);
            try
            {
                command.ExecuteNonQuery();
                return transaction;
            }
            catch
            {
                PreparedStatementResetInterceptor.Mark(connection);
                throw;
            }
        }

        async ValueTask<DbTransaction> SayAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
        {
            await AnnounceAsync(connection, Actor, cancellationToken);
            return transaction;
        }
    }
}
