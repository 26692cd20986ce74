using System.CommandLine;
using Lightning.Data.Roles;
using Lightning.ServiceDefaults;
using Npgsql;

namespace Lightning.Manage;

/// <summary>Brings the database to the model of this program; safe when several run at once.</summary>
static class MigrateCommand
{
    public static Command Create()
    {
        var command = new Command("migrate", "Applies migrations, makes the services' roles and grants them what they need.");
        command.SetAction(async (_, cancellationToken) =>
        {
            var passwords = DatabaseRoles.ReadPasswords(Database.Configuration);
            var applied = await Database.UseAsync(async connectionString =>
            {
                try
                {
                    return await DatabaseMigration.ApplyAsync(connectionString, passwords, cancellationToken);
                }
                catch (PostgresException fault) when (fault.SqlState[..2] is "42" or "23" or "22" && fault.SqlState != PostgresErrorCodes.InsufficientPrivilege)
                {
                    throw new ConfigurationException(
                        $"Migration failed, and what had begun was rolled back: {fault.MessageText} ({fault.SqlState}); restore the schema that the migrations expect, then run `migrate` again.", fault);
                }
            });
            Console.WriteLine(applied.Count == 0 ? "The database is up to date." : $"Applied {string.Join(", ", applied)}.");
            return 0;
        });
        return command;
    }
}
