using System.Reflection;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace Lightning.Data.Roles;

/// <summary>Migrates a database and grants the services' roles their rights.</summary>
public static class DatabaseMigration
{
    /// <summary>The advisory lock's key: "lightn" in ASCII; any constant would do.</summary>
    const long Lock = 0x6C6967687466;

    /// <summary>
    /// Applies the pending migrations. Concurrent calls are serialized by an advisory lock.
    /// </summary>
    /// <param name="connectionString">The owner's connection string.</param>
    /// <param name="passwords">The services' passwords, by role.</param>
    /// <param name="cancellationToken">Cancels the migration.</param>
    /// <exception cref="ConfigurationException">The model has changes without a migration.</exception>
    /// <returns>The ids of the applied migrations.</returns>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        string connectionString,
        IReadOnlyDictionary<string, string> passwords,
        CancellationToken cancellationToken
    )
    {
        // The connection holds the advisory lock, so it stays open.
        await using var owner = new NpgsqlConnection(connectionString);
        await owner.OpenAsync(cancellationToken);
        await ExecuteAsync(owner, $"SELECT pg_advisory_lock({Lock})", cancellationToken);
        // Before the migrations: their policies name the roles.
        await DatabaseRoles.CreateAsync(owner, passwords, cancellationToken);
        var pending = await PendingAsync(owner, cancellationToken);
        if (pending.Count > 0)
        {
            await using var db = LightningDbFactory.ConnectForMigrations(connectionString);
            if (db.Database.HasPendingModelChanges())
                throw new ConfigurationException(
                    "The model has changes without a migration: run `dotnet ef migrations add NAME --project "
                        + "Lightning.Data --startup-project Lightning.Manage`."
                );
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
            await db.Database.MigrateAsync(cancellationToken);
        }
        await DatabaseRoles.GrantAsync(owner, cancellationToken);
        await ExecuteAsync(owner, $"SELECT pg_advisory_unlock({Lock})", cancellationToken);
        return pending;
    }

    /// <summary>
    /// The migrations missing from the history. Does not use the context: most starts find nothing to do, and building
    /// its model is expensive.
    /// </summary>
    static async Task<IReadOnlyList<string>> PendingAsync(NpgsqlConnection owner, CancellationToken cancellationToken)
    {
        var applied = new HashSet<string>(StringComparer.Ordinal);
        await using (
            var history = new NpgsqlCommand("SELECT to_regclass('\"__EFMigrationsHistory\"') IS NOT NULL", owner)
        )
            if (await history.ExecuteScalarAsync(cancellationToken) is true)
            {
                history.CommandText = "SELECT migration_id FROM \"__EFMigrationsHistory\"";
                await using var rows = await history.ExecuteReaderAsync(cancellationToken);
                while (await rows.ReadAsync(cancellationToken))
                    applied.Add(rows.GetString(0));
            }
        return
        [
            .. typeof(LightningDb)
                .Assembly.GetTypes()
                .Select(type => type.GetCustomAttribute<MigrationAttribute>()?.Id)
                .OfType<string>()
                .Where(id => !applied.Contains(id))
                .Order(StringComparer.Ordinal),
        ];
    }

    static async Task ExecuteAsync(NpgsqlConnection owner, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, owner) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
