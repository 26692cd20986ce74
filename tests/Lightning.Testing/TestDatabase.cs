using Lightning.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Testing;

/// <summary>A database of a test's own.</summary>
public sealed class TestDatabase(PostgresServer server, string name) : IAsyncDisposable
{
    /// <summary>As its owner reaches it.</summary>
    public string ConnectionString { get; } = server.ConnectionString(name);

    /// <summary>As a service reaches it: with that service's role and rights.</summary>
    public string ConnectionStringOf(string service) => new NpgsqlConnectionStringBuilder(ConnectionString)
    {
        Username = $"lightning_{service}",
        Password = PostgresServer.Passwords[$"lightning_{service}"],
    }.ConnectionString;

    /// <summary>A context with the owner's rights.</summary>
    public LightningDb Connect() => LightningDbDesign.Connect(ConnectionString);

    /// <summary>What contexts with the owner's rights are made of.</summary>
    public DbContextOptions<LightningDb> Options() => LightningDbDesign.Options(ConnectionString);

    /// <summary>A context with a service's rights.</summary>
    public LightningDb ConnectAs(string service) => LightningDbDesign.Connect(ConnectionStringOf(service));

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
