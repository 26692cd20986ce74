using System.CommandLine;
using Lightning.ServiceDefaults;
using Npgsql;

namespace Lightning.Manage.Seed;

/// <summary>Fills an empty database with people who do not exist, their notes and what they did: for a look around, or to see how it goes with much.</summary>
static class SeedCommand
{
    public static Command Create()
    {
        var named = new Option<string>("--size") { Description = "How much: small, for a look around, or large, with a million notes.", DefaultValueFactory = _ => SeedSize.Small.Name };
        var command = new Command("seed", "Fills an empty database with made-up people, notes, shares and audit lines; never in Production.") { named };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var name = arguments.GetValue(named);
            var size = SeedSize.All.FirstOrDefault(size => size.Name == name)
                ?? throw new ConfigurationException($"--size is '{name}', which is unknown: write {string.Join(" or ", SeedSize.All.Select(size => size.Name))}.");
            RefuseProduction();
            return await Database.UseAsync(async connectionString =>
            {
                await using var connection = new NpgsqlConnection(connectionString);
                await connection.OpenAsync(cancellationToken);
                await RefusePeopleAsync(connection, cancellationToken);
                var rows = new SeedRows(size, TimeProvider.System.GetUtcNow(), Database.Configuration["Identity:Issuer"] ?? "http://localhost:5101");
                await new SeedCopy(connection, rows, Console.WriteLine).WriteAsync(cancellationToken);
                Console.WriteLine($"Nobody of them has a password: sign in as {SeedRows.Address(0)} by \"Forgot your password?\" and the mailbox, or have an administrator act as them.");
                return 0;
            });
        });
        return command;
    }

    /// <summary>.NET takes a process for Production unless it is told otherwise, and so does this.</summary>
    static void RefuseProduction()
    {
        var environment = Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT");
        if (string.IsNullOrEmpty(environment) || string.Equals(environment, "Production", StringComparison.OrdinalIgnoreCase))
            throw new ConfigurationException("This is Production, where nobody is made up: `seed` is for development; set DOTNET_ENVIRONMENT=Development if this is that.");
    }

    static async Task RefusePeopleAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand("SELECT to_regclass('app.users') IS NULL", connection);
        if (await ask.ExecuteScalarAsync(cancellationToken) is true) throw new ConfigurationException("The database has no tables yet: run `migrate` first.");
        ask.CommandText = "SELECT EXISTS (SELECT FROM app.users) OR EXISTS (SELECT FROM identity.accounts)";
        if (await ask.ExecuteScalarAsync(cancellationToken) is true)
            throw new ConfigurationException($"The database {connection.Database} has people in it, and `seed` fills an empty one only: give another by ConnectionStrings:lightning.");
    }
}
