using Lightning.Data.Roles;
using Npgsql;
using Xunit;

namespace Lightning.Testing;

/// <summary>
/// One Postgres server per test process, as an assembly fixture: that of <c>ConnectionStrings__lightning</c> if it is
/// set, otherwise an embedded one. Databases are copies of a migrated template.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    /// <summary>The services' passwords; roles belong to the server, so every test process must use the same.</summary>
    public static readonly IReadOnlyDictionary<string, string> Passwords = new[]
    {
        "identity",
        "api",
        "bff",
        "admin",
    }.ToDictionary(service => $"lightning_{service}", service => $"test-password-of-{service}", StringComparer.Ordinal);

    readonly string template = $"lightning_template_{Guid.NewGuid():N}";
    EmbeddedServer? server;
    string owner = "";

    /// <summary>The superuser's connection string.</summary>
    public string OwnerConnectionString => owner;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        owner = Environment.GetEnvironmentVariable("ConnectionStrings__lightning") is { Length: > 0 } given
            ? given
            : await StartAsync();
        await ExecuteAsync($"CREATE DATABASE {template}");
        await DatabaseMigration.ApplyAsync(ConnectionString(template), Passwords, CancellationToken.None);
        // A database with connections cannot be copied.
        NpgsqlConnection.ClearAllPools();
    }

    /// <summary>A new database with all tables and no rows, dropped when disposed of.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync()
    {
        var name = $"lightning_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {template}");
        return new TestDatabase(this, name);
    }

    /// <summary>A new database without tables, dropped when disposed of.</summary>
    public async Task<TestDatabase> CreateEmptyDatabaseAsync()
    {
        var name = $"lightning_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        return new TestDatabase(this, name);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DropAsync(template);
        if (server is not null)
            await server.DisposeAsync();
    }

    internal string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder(owner) { Database = database }.ConnectionString;

    internal Task DropAsync(string database) => ExecuteAsync($"DROP DATABASE IF EXISTS {database} WITH (FORCE)");

    async Task<string> StartAsync()
    {
        server = await EmbeddedServer.StartAsync();
        return server.ConnectionString;
    }

    async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
