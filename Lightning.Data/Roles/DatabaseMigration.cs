using System.Reflection;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace Lightning.Data.Roles;

/// <summary>Brings a database to the model of this program, and its roles to their rights.</summary>
public static class DatabaseMigration
{
    /// <summary>"lightning" in ASCII, shortened to a number; any constant would do.</summary>
    const long Lock = 0x6C6967687466;

    /// <summary>Applies what is missing. Of several that run at once, one applies and the others wait and find nothing to do.</summary>
    /// <param name="connectionString">The owner's connection string.</param>
    /// <param name="passwords">The services' passwords, by role.</param>
    /// <param name="cancellationToken">Stops between two steps.</param>
    /// <exception cref="ConfigurationException">The model was changed without a migration.</exception>
    /// <returns>The names of the migrations that were applied.</returns>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        string connectionString, IReadOnlyDictionary<string, string> passwords, CancellationToken cancellationToken)
    {
        // An advisory lock is held by a connection: this one stays open, and ends with it.
        await using var owner = new NpgsqlConnection(connectionString);
        await owner.OpenAsync(cancellationToken);
        await ExecuteAsync(owner, $"SELECT pg_advisory_lock({Lock})", cancellationToken);
        // Before the tables: their row-level security names the roles.
        await DatabaseRoles.CreateAsync(owner, passwords, cancellationToken);
        var pending = await PendingAsync(owner, cancellationToken);
        if (pending.Count > 0)
        {
            await using var db = LightningDbDesign.Connect(connectionString);
            if (db.Database.HasPendingModelChanges())
                throw new ConfigurationException("The model was changed and has no migration for it: run `dotnet ef migrations add NAME --project Lightning.Data --startup-project Lightning.Manage`.");
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
            await db.Database.MigrateAsync(cancellationToken);
        }
        await DatabaseRoles.GrantAsync(owner, cancellationToken);
        await ExecuteAsync(owner, $"SELECT pg_advisory_unlock({Lock})", cancellationToken);
        return pending;
    }

    /// <summary>What the history lacks. Read without the context: most starts find nothing to do, and building its model costs more than all else here.</summary>
    static async Task<IReadOnlyList<string>> PendingAsync(NpgsqlConnection owner, CancellationToken cancellationToken)
    {
        var applied = new HashSet<string>(StringComparer.Ordinal);
        await using (var history = new NpgsqlCommand("SELECT to_regclass('\"__EFMigrationsHistory\"') IS NOT NULL", owner))
            if (await history.ExecuteScalarAsync(cancellationToken) is true)
            {
                history.CommandText = "SELECT migration_id FROM \"__EFMigrationsHistory\"";
                await using var rows = await history.ExecuteReaderAsync(cancellationToken);
                while (await rows.ReadAsync(cancellationToken)) applied.Add(rows.GetString(0));
            }
        return [.. typeof(LightningDb).Assembly.GetTypes().Select(type => type.GetCustomAttribute<MigrationAttribute>()?.Id).OfType<string>()
            .Where(id => !applied.Contains(id)).Order(StringComparer.Ordinal)];
    }

    static async Task ExecuteAsync(NpgsqlConnection owner, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, owner) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
