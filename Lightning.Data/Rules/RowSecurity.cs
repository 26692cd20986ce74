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
/// defence against SQL that was injected. Every connection that is opened says it anew, whatever was said on it before, and the pool forgets it between two.
/// </summary>
public static class RowSecurity
{
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
        command.CommandText = "SELECT set_config('lightning.actor', $1, false), set_config('lightning.acts_as', $2, false)";
        command.Parameters.Add(new() { NpgsqlDbType = NpgsqlDbType.Text, Value = actor?.UserId.ToString() ?? "" });
        command.Parameters.Add(new() { NpgsqlDbType = NpgsqlDbType.Text, Value = ActsAs(actor) });
        return command;
    }

    static string ActsAs(Actor? actor) => actor is null ? "gate" : string.Join(' ', Traits(actor));

    static IEnumerable<string> Traits(Actor actor)
    {
        if (actor.IsAdmin) yield return "admin";
        if (actor.IsVerified) yield return "verified";
        if (actor.ActedBy is null) yield return "themself";
    }

    sealed class Announcement(IHttpContextAccessor requests) : DbConnectionInterceptor
    {
        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = Announce(connection, requests.HttpContext?.Features.Get<Actor>());
            command.ExecuteNonQuery();
        }

        public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default) =>
            AnnounceAsync(connection, requests.HttpContext?.Features.Get<Actor>(), cancellationToken);
    }
}
