using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Aspire.Hosting.Postgres;

/// <summary>Healthy when a connection opens.</summary>
sealed class PostgresHealthCheck(PostgresServerResource server, IResourceWithConnectionString resource, string database, Func<string> dataFolder) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await Databases.OpenAsync(resource, database, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            throw new DistributedApplicationException(
                $"The data of '{server.Name}' in {dataFolder()} was made with another password than Parameters:{server.PasswordParameter.Name}: "
                + $"put that one back (`dotnet user-secrets set Parameters:{server.PasswordParameter.Name} …` in the AppHost's folder), or delete the data folder to begin anew.", e);
        }
        catch (NpgsqlException e)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}

/// <summary>The databases of a server.</summary>
static class Databases
{
    /// <summary>Creates those that the server does not have.</summary>
    public static async Task CreateAsync(PostgresServerResource server, IEnumerable<IResource> resources, CancellationToken cancellationToken)
    {
        var databases = resources.OfType<PostgresDatabaseResource>().Where(database => database.Parent == server).ToArray();
        if (databases.Length == 0) return;

        await using var connection = await OpenAsync(server, "postgres", cancellationToken);
        foreach (var name in databases.Select(database => database.DatabaseName))
        {
            await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = name } } };
            if (await exists.ExecuteScalarAsync(cancellationToken) is not null) continue;

            // A name cannot be a parameter of CREATE DATABASE; quoted as an identifier it is nothing but a name.
            var create = $"CREATE DATABASE {new NpgsqlCommandBuilder().QuoteIdentifier(name)}";
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100
            command.CommandText = create;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public static async Task<NpgsqlConnection> OpenAsync(IResourceWithConnectionString resource, string database, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(await resource.GetConnectionStringAsync(cancellationToken)) { Database = database, Pooling = false, Timeout = 5 };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
