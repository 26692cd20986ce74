using System.CommandLine;
using Lightning.Data.Roles;
using Lightning.ServiceDefaults;
using Npgsql;

namespace Lightning.Manage;

/// <summary>Migrates the database; safe to run concurrently.</summary>
static class MigrateCommand
{
    public static Command Create()
    {
        var command = new Command(
            "migrate",
            "Applies pending migrations, creates the services' database roles and grants their rights."
        );
        command.SetAction(
            async (_, cancellationToken) =>
            {
                var passwords = DatabaseRoles.ReadPasswords(Database.Configuration);
                var applied = await Database.UseAsync(async connectionString =>
                {
                    try
                    {
                        return await DatabaseMigration.ApplyAsync(connectionString, passwords, cancellationToken);
                    }
                    catch (PostgresException ex)
                        when (ex.SqlState[..2] is "42" or "23" or "22"
                            && ex.SqlState != PostgresErrorCodes.InsufficientPrivilege
                        )
                    {
                        throw new ConfigurationException(
                            $"Migration failed and was rolled back: {ex.MessageText} ({ex.SqlState}); restore the "
                                + $"schema that the migrations expect, then run `migrate` again.",
                            ex
                        );
                    }
                });
                Console.WriteLine(
                    applied.Count == 0 ? "The database is up to date." : $"Applied {string.Join(", ", applied)}."
                );
                return 0;
            }
        );
        return command;
    }
}
