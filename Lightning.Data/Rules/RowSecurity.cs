using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
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
/// defence against SQL that was injected. Every connection that is opened says it anew, before or together with the first thing that is asked on it, whatever was
/// said on it before, and the pool forgets it between two.
/// </summary>
public static class RowSecurity
{
    const string Says = "SELECT set_config('lightning.actor', @lightning_actor, false), set_config('lightning.acts_as', @lightning_acts_as, false)";

    /// <summary>Adds it to a service whose database role is held to the policies.</summary>
    /// <remarks>A connection that is opened before anybody is known is the session gate's: it may look up users, and reaches nothing that is owned.</remarks>
    public static IServiceCollection AddRowSecurity(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.TryAddSingleton<Announcement>();
        return services.ConfigureDbContext<LightningDb>((provider, options) => options.AddInterceptors(provider.GetRequiredService<Announcement>()));
    }

    /// <summary>Says on a connection who acts; null for whoever looks up who it is.</summary>
    public static async Task AnnounceAsync(DbConnection connection, Actor? actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var command = Announce(connection, actor);
        await command.ExecuteNonQueryAsync(cancellationToken);
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
    /// Says it in the same journey as the first query of a connection, which is all that most requests ask. Before anything else, a write or a transaction, it says it
    /// by itself: a transaction that is undone would undo it too.
    /// </summary>
    sealed class Announcement(IHttpContextAccessor requests) : DbConnectionInterceptor, IDbCommandInterceptor, IDbTransactionInterceptor
    {
        readonly ConditionalWeakTable<DbConnection, Standing> connections = [];

        Actor? Actor => requests.HttpContext?.Features.Get<Actor>();

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => connections.GetOrCreateValue(connection).Begin();

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            ConnectionOpened(connection, eventData);
            return Task.CompletedTask;
        }

        public InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
        {
            if (!TakeAlong(command, eventData)) Say(command.Connection!);
            return result;
        }

        public async ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            if (!TakeAlong(command, eventData)) await SayAsync(command.Connection!, cancellationToken);
            return result;
        }

        public DbDataReader ReaderExecuted(DbCommand command, CommandExecutedEventData eventData, DbDataReader result)
        {
            if (!IsCarrier(command, out var standing)) return result;
            result.NextResult();
            standing.Arrive();
            return result;
        }

        public async ValueTask<DbDataReader> ReaderExecutedAsync(
            DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
        {
            if (!IsCarrier(command, out var standing)) return result;
            await result.NextResultAsync(cancellationToken);
            standing.Arrive();
            return result;
        }

        public InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
        {
            Say(command.Connection!);
            return result;
        }

        public async ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            await SayAsync(command.Connection!, cancellationToken);
            return result;
        }

        public InterceptionResult<object> ScalarExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<object> result)
        {
            Say(command.Connection!);
            return result;
        }

        public async ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<object> result, CancellationToken cancellationToken = default)
        {
            await SayAsync(command.Connection!, cancellationToken);
            return result;
        }

        public InterceptionResult<DbTransaction> TransactionStarting(DbConnection connection, TransactionStartingEventData eventData, InterceptionResult<DbTransaction> result)
        {
            Say(connection);
            return result;
        }

        public async ValueTask<InterceptionResult<DbTransaction>> TransactionStartingAsync(
            DbConnection connection, TransactionStartingEventData eventData, InterceptionResult<DbTransaction> result, CancellationToken cancellationToken = default)
        {
            await SayAsync(connection, cancellationToken);
            return result;
        }

        /// <summary>Puts it before a query, if it has not been said; what it answers is passed over when the answer comes.</summary>
        bool TakeAlong(DbCommand command, CommandEventData eventData)
        {
            var standing = connections.GetOrCreateValue(command.Connection!);
            if (standing.IsSaid) return true;
            if (eventData.CommandSource is not CommandSource.LinqQuery || command.Transaction is not null) return false;
            command.CommandText = $"{Says};\n{command.CommandText}";
            Add(command, Actor);
            standing.Carrier = command;
            return true;
        }

        /// <summary>Whether this is the command that it went along with. One that fails, which the way to its own answer shows, undoes it, and the next will say it again.</summary>
        bool IsCarrier(DbCommand command, [NotNullWhen(true)] out Standing? standing) =>
            connections.TryGetValue(command.Connection!, out standing) && standing.Carrier == command;

        void Say(DbConnection connection)
        {
            var standing = connections.GetOrCreateValue(connection);
            if (standing.IsSaid) return;
            using var command = Announce(connection, Actor);
            command.ExecuteNonQuery();
            standing.IsSaid = true;
        }

        async ValueTask SayAsync(DbConnection connection, CancellationToken cancellationToken)
        {
            var standing = connections.GetOrCreateValue(connection);
            if (standing.IsSaid) return;
            await AnnounceAsync(connection, Actor, cancellationToken);
            standing.IsSaid = true;
        }
    }

    /// <summary>How a connection stands since it was opened.</summary>
    sealed class Standing
    {
        public bool IsSaid { get; set; }

        public DbCommand? Carrier { get; set; }

        public void Arrive() => (IsSaid, Carrier) = (true, null);

        public void Begin() => (IsSaid, Carrier) = (false, null);
    }
}
