using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using NpgsqlTypes;

namespace Lightning.Authorization;

/// <summary>
/// Sets the actor in the database, so that row-level security applies the same rules as the policies. It detects a
/// forgotten filter; it does not defend against SQL injection. The settings are local to a transaction, so they never
/// leak to the next user of a pooled connection, even with a transaction pooler.
/// </summary>
/// <remarks>
/// <c>lightning.actor</c> is the user's id, empty without an actor. <c>lightning.acts_as</c> is <c>gate</c> without an
/// actor; else those of <c>admin</c>, <c>verified</c>, <c>themself</c> (not impersonated) and <c>writer</c> (not a
/// read-only impersonation) that hold, separated by spaces.
/// <c>lightning.memberships</c> is what the function <c>memberships_of</c> returned for the user.
/// </remarks>
public static class RowSecurity
{
    const string SetActorSql = """
        SELECT set_config('lightning.actor', @lightning_actor, true), set_config('lightning.acts_as',
            @lightning_acts_as, true), set_config('lightning.memberships', @lightning_memberships, true)
        """;

    /// <summary>
    /// Sets the actor of the registered <see cref="IActorAccessor"/> for every command of a context. The context's
    /// database role must be subject to row-level security: neither a superuser nor the tables' owner.
    /// </summary>
    public static IServiceCollection AddRowSecurity<TContext>(this IServiceCollection services)
        where TContext : DbContext
    {
        services.TryAddSingleton<RowSecurityInterceptor>();
        return services.ConfigureDbContext<TContext>(
            (provider, options) => options.AddInterceptors(provider.GetRequiredService<RowSecurityInterceptor>())
        );
    }

    /// <summary>Sets the actor until the end of the connection's transaction; null if there is none.</summary>
    public static async Task SetActorAsync(DbConnection connection, Actor? actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var command = CreateSetActorCommand(connection, actor);
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

    static NpgsqlCommand CreateSetActorCommand(DbConnection connection, Actor? actor)
    {
        var command = ((NpgsqlConnection)connection).CreateCommand();
        command.CommandText = SetActorSql;
        Add(command, actor);
        return command;
    }

    static void Add(DbCommand command, Actor? actor)
    {
        command.Parameters.Add(
            new NpgsqlParameter<string>("lightning_actor", NpgsqlDbType.Text)
            {
                TypedValue = actor?.UserId.ToString() ?? "",
            }
        );
        command.Parameters.Add(
            new NpgsqlParameter<string>("lightning_acts_as", NpgsqlDbType.Text) { TypedValue = ActsAs(actor) }
        );
        command.Parameters.Add(
            new NpgsqlParameter<string>("lightning_memberships", NpgsqlDbType.Text)
            {
                TypedValue = actor?.Memberships.Text ?? "",
            }
        );
    }

    static string ActsAs(Actor? actor) =>
        actor is null ? "gate" : string.Join(' ', Is.Known.Where(rule => rule.Holds(actor)).Select(rule => rule.Trait));

    /// <summary>
    /// Sends the actor in the same round trip as a query outside a transaction, or when a transaction starts. EF counts
    /// the results of its writes, so nothing can be prepended to those: SaveChanges always uses a transaction. Commands
    /// that bypass EF, and scalar commands outside a transaction, have no actor and access nothing.
    /// </summary>
    sealed class RowSecurityInterceptor(IActorAccessor actors)
        : IDbCommandInterceptor,
            IDbTransactionInterceptor,
            ISaveChangesInterceptor
    {
        Actor? Actor => actors.Actor;

        public InterceptionResult<DbDataReader> ReaderExecuting(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result
        )
        {
            PrependActor(command);
            return result;
        }

        public ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<DbDataReader> result,
            CancellationToken cancellationToken = default
        )
        {
            PrependActor(command);
            return new(result);
        }

        public DbDataReader ReaderExecuted(DbCommand command, CommandExecutedEventData eventData, DbDataReader result)
        {
            if (!IsCarrier(command))
                return result;
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
            DbCommand command,
            CommandExecutedEventData eventData,
            DbDataReader result,
            CancellationToken cancellationToken = default
        )
        {
            if (!IsCarrier(command))
                return result;
            try
            {
                await result.NextResultAsync(cancellationToken);
                return result;
            }
            catch
            {
                // EF has not received the reader yet, and an open reader blocks the connection.
                await result.DisposeAsync();
                throw;
            }
        }

        public InterceptionResult<int> NonQueryExecuting(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<int> result
        )
        {
            PrependActor(command);
            return result;
        }

        public ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command,
            CommandEventData eventData,
            InterceptionResult<int> result,
            CancellationToken cancellationToken = default
        )
        {
            PrependActor(command);
            return new(result);
        }

        public DbTransaction TransactionStarted(
            DbConnection connection,
            TransactionEndEventData eventData,
            DbTransaction result
        ) => SetTransactionActor(connection, result);

        public ValueTask<DbTransaction> TransactionStartedAsync(
            DbConnection connection,
            TransactionEndEventData eventData,
            DbTransaction result,
            CancellationToken cancellationToken = default
        ) => SetTransactionActorAsync(connection, result, cancellationToken);

        public DbTransaction TransactionUsed(
            DbConnection connection,
            TransactionEventData eventData,
            DbTransaction result
        ) => SetTransactionActor(connection, result);

        public ValueTask<DbTransaction> TransactionUsedAsync(
            DbConnection connection,
            TransactionEventData eventData,
            DbTransaction result,
            CancellationToken cancellationToken = default
        ) => SetTransactionActorAsync(connection, result, cancellationToken);

        public InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result)
        {
            eventData.Context!.Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
            return result;
        }

        public ValueTask<InterceptionResult<int>> SavingChangesAsync(
            DbContextEventData eventData,
            InterceptionResult<int> result,
            CancellationToken cancellationToken = default
        ) => new(SavingChanges(eventData, result));

        /// <summary>
        /// Prepends the actor to a command outside a transaction; its result is skipped when the reader is executed.
        /// </summary>
        void PrependActor(DbCommand command)
        {
            if (command.Transaction is not null)
                return;
            command.CommandText = $"{SetActorSql};\n{command.CommandText}";
            Add(command, Actor);
        }

        static bool IsCarrier(DbCommand command) =>
            command.CommandText.StartsWith(SetActorSql, StringComparison.Ordinal);

        DbTransaction SetTransactionActor(DbConnection connection, DbTransaction transaction)
        {
            using var command = CreateSetActorCommand(connection, Actor);
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

        async ValueTask<DbTransaction> SetTransactionActorAsync(
            DbConnection connection,
            DbTransaction transaction,
            CancellationToken cancellationToken
        )
        {
            await SetActorAsync(connection, Actor, cancellationToken);
            return transaction;
        }
    }
}
