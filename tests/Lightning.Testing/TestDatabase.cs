using Lightning.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Testing;

/// <summary>A database for one test.</summary>
public sealed class TestDatabase(PostgresServer server, string name) : IAsyncDisposable
{
    /// <summary>The owner's connection string.</summary>
    public string ConnectionString { get; } = server.ConnectionString(name);

    /// <summary>The connection string with a service's role.</summary>
    public string ConnectionStringOf(string service) =>
        new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            Username = $"lightning_{service}",
            Password = PostgresServer.Passwords[$"lightning_{service}"],
        }.ConnectionString;

    /// <summary>A context with the owner's rights.</summary>
    public LightningDb Connect() => LightningDbFactory.Connect(ConnectionString);

    /// <summary>Options of contexts with the owner's rights.</summary>
    public DbContextOptions<LightningDb> Options() => LightningDbFactory.Options(ConnectionString);

    /// <summary>A context with a service's role.</summary>
    public LightningDb ConnectAs(string service) => LightningDbFactory.Connect(ConnectionStringOf(service));

    /// <summary>Runs SQL as the owner.</summary>
    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await server.DropAsync(name);
}
