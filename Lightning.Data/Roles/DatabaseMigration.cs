using Microsoft.EntityFrameworkCore;
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
    /// <returns>The names of the migrations that were applied.</returns>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        string connectionString, IReadOnlyDictionary<string, string> passwords, CancellationToken cancellationToken)
    {
        await using var db = LightningDbDesign.Connect(connectionString);
        // An advisory lock is held by a connection: this one stays open, and ends with it.
        await db.Database.OpenConnectionAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(10));
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock({Lock})", cancellationToken);
        var pending = (await db.Database.GetPendingMigrationsAsync(cancellationToken)).ToArray();
        if (pending.Length > 0) await db.Database.MigrateAsync(cancellationToken);
        await DatabaseRoles.ApplyAsync((NpgsqlConnection)db.Database.GetDbConnection(), passwords, cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({Lock})", cancellationToken);
        return pending;
    }
}
