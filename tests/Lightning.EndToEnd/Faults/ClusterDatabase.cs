using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Npgsql;

namespace Lightning.EndToEnd.Faults;

/// <summary>
/// The cluster's Postgres, which can be stopped and restarted with the same data and port.
/// </summary>
sealed class ClusterDatabase(DistributedApplication app, string connectionString)
{
    const string Server = "postgres";

    public static async Task<ClusterDatabase> OfAsync(
        DistributedApplication app,
        CancellationToken cancellationToken
    ) =>
        // No pooled connection of the tests may outlive a stop.
        new(
            app,
            new NpgsqlConnectionStringBuilder(await app.GetConnectionStringAsync("lightning", cancellationToken))
            {
                Pooling = false,
            }.ConnectionString
        );

    public string ConnectionString => connectionString;

    public async Task StartAsync()
    {
        (
            await app.ResourceCommands.ExecuteCommandAsync(Server, KnownResourceCommands.StartCommand)
        ).Success.ShouldBeTrue();
        await app.ResourceNotifications.WaitForResourceHealthyAsync(Server);
    }

    public async Task StopAsync() =>
        (
            await app.ResourceCommands.ExecuteCommandAsync(Server, KnownResourceCommands.StopCommand)
        ).Success.ShouldBeTrue();

    /// <summary>Runs SQL as the owner.</summary>
    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>
    /// Runs SQL as the owner in a transaction that keeps its locks until the connection is disposed.
    /// </summary>
    public async Task<NpgsqlConnection> HoldAsync(string sql)
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"BEGIN; {sql}", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}
