using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Lightning.Data.Roles;
using Lightning.Testing;
using Npgsql;

namespace Lightning.EndToEnd.Faults;

/// <summary>A real server that can be stopped and started again over the same data, on the same port.</summary>
sealed class StoppablePostgres : IAsyncDisposable
{
    const string Password = "test-password-of-the-owner";
    readonly string folder = Path.Combine("/tmp", $"lightning-faults-{Guid.NewGuid():N}");
    readonly int port = Ports.Free(1)[0];
    DistributedApplication? app;

    /// <summary>As the owner reaches it.</summary>
    public string ConnectionString => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = "postgres",
        Password = Password,
        Database = "lightning",
        // Nothing of the tests' own may outlive a stop.
        Pooling = false,
    }.ConnectionString;

    /// <summary>As a service reaches it.</summary>
    public string ConnectionStringOf(string service) => new NpgsqlConnectionStringBuilder(ConnectionString)
    {
        Username = $"lightning_{service}",
        Password = PostgresServer.Passwords[$"lightning_{service}"],
        Pooling = true,
    }.ConnectionString;

    public async Task StartAsync()
    {
        // Not a testing builder, which would give it other data each time.
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = ["--ConnectionStrings:lightning="], DisableDashboard = true });
        builder.AddPostgres("postgres", password: builder.AddParameter("postgres-password", Password, secret: true), port: port).WithDataBindMount(folder).AddDatabase("lightning");
        app = builder.Build();
        await app.StartAsync();
        await app.ResourceNotifications.WaitForResourceHealthyAsync("lightning");
    }

    public async Task StopAsync()
    {
        if (app is null) return;
        await app.DisposeAsync();
        app = null;
    }

    public Task MigrateAsync() => DatabaseMigration.ApplyAsync(ConnectionString, PostgresServer.Passwords, CancellationToken.None);

    /// <summary>Runs SQL as the owner.</summary>
    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Runs SQL as the owner in a transaction that is open, with its locks, until the connection is disposed of.</summary>
    public async Task<NpgsqlConnection> HoldAsync(string sql)
    {
        var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"BEGIN; {sql}", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}

/// <summary>Ports that nobody listens on.</summary>
static class Ports
{
    /// <summary>Held all at once, so that no two are the same.</summary>
    public static int[] Free(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners) listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners) listener.Dispose();
        return ports;
    }
}
