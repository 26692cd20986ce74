using System.CommandLine;
using Lightning.ServiceDefaults;
using Npgsql;

namespace Lightning.Manage.Seed;

/// <summary>
/// Fills an empty database with generated users, notes, shares and audit entries, for demos or load tests.
/// </summary>
static class SeedCommand
{
    public static Command Create()
    {
        var named = new Option<string>("--size")
        {
            Description = "The amount of data: small, or large with a million notes.",
            DefaultValueFactory = _ => SeedSize.Small.Name,
        };
        var command = new Command(
            "seed",
            "Fills an empty database with generated users, notes, shares and audit entries; refused in Production."
        )
        {
            named,
        };
        command.SetAction(
            async (arguments, cancellationToken) =>
            {
                var name = arguments.GetValue(named);
                var size =
                    SeedSize.All.FirstOrDefault(size => size.Name == name)
                    ?? throw new ConfigurationException(
                        $"--size '{name}' is unknown: give "
                            + $"{string.Join(" or ", SeedSize.All.Select(size => size.Name))}."
                    );
                RefuseProduction();
                return await Database.UseAsync(async connectionString =>
                {
                    await using var connection = new NpgsqlConnection(connectionString);
                    await connection.OpenAsync(cancellationToken);
                    await RefuseUsersAsync(connection, cancellationToken);
                    var rows = new SeedRows(
                        size,
                        TimeProvider.System.GetUtcNow(),
                        Database.Configuration["Identity:Issuer"] ?? "http://localhost:5101"
                    );
                    await new SeedCopy(connection, rows, Console.WriteLine).WriteAsync(cancellationToken);
                    Console.WriteLine(
                        $"The users have no passwords: sign in as {SeedRows.Address(0)} with \"Forgot your password?\" "
                            + $"and the mailbox, or impersonate a user as an administrator."
                    );
                    return 0;
                });
            }
        );
        return command;
    }

    /// <summary>Refuses Production, which is .NET's default environment.</summary>
    static void RefuseProduction()
    {
        var environment =
            Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")
            ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT");
        if (
            string.IsNullOrEmpty(environment)
            || string.Equals(environment, "Production", StringComparison.OrdinalIgnoreCase)
        )
            throw new ConfigurationException(
                "`seed` is refused in Production: set DOTNET_ENVIRONMENT=Development on a development machine."
            );
    }

    static async Task RefuseUsersAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand("SELECT to_regclass('app.users') IS NULL", connection);
        if (await ask.ExecuteScalarAsync(cancellationToken) is true)
            throw new ConfigurationException("The database has no tables yet: run `migrate` first.");
        ask.CommandText = "SELECT EXISTS (SELECT FROM app.users) OR EXISTS (SELECT FROM identity.accounts)";
        if (await ask.ExecuteScalarAsync(cancellationToken) is true)
            throw new ConfigurationException(
                $"The database {connection.Database} already has users, and `seed` requires an empty one: set another "
                    + $"in ConnectionStrings:lightning."
            );
    }
}
