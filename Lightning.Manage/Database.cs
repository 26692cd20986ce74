using System.Net.Sockets;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Lightning.Manage;

/// <summary>Where the database is, as its owner reaches it.</summary>
static class Database
{
    /// <summary>Configuration as a service reads it; in Development the AppHost's secrets too, so that its database is found by itself.</summary>
    public static IConfiguration Configuration { get; } = Read();

    static bool IsDevelopment => string.Equals(Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT"), "Development", StringComparison.OrdinalIgnoreCase);

    /// <summary>The owner's connection string.</summary>
    /// <exception cref="ConfigurationException">It is missing or malformed.</exception>
    public static string ConnectionString
    {
        get
        {
            if (string.IsNullOrEmpty(Configuration.GetConnectionString("lightning")) && IsDevelopment && Configuration["Parameters:postgres-password"] is { Length: > 0 } password)
                return new NpgsqlConnectionStringBuilder { Host = "localhost", Port = 54320, Database = "lightning", Username = "postgres", Password = password }.ConnectionString;
            return LightningDataExtensions.RequireConnectionString(Configuration);
        }
    }

    /// <summary>Runs something that needs the database, and says in one sentence where it cannot be reached or refuses.</summary>
    /// <exception cref="ConfigurationException">It cannot be reached or refuses.</exception>
    public static async Task<T> UseAsync<T>(Func<string, Task<T>> use)
    {
        var connectionString = ConnectionString;
        try
        {
            return await use(connectionString);
        }
        catch (Exception fault) when (Sentence(fault, new NpgsqlConnectionStringBuilder(connectionString)) is { } sentence)
        {
            throw new ConfigurationException(sentence, fault);
        }
    }

    static string? Sentence(Exception? fault, NpgsqlConnectionStringBuilder server) => fault switch
    {
        PostgresException
        {
            SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
                or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InsufficientPrivilege
        } refusal => $"The database {Name(server)} refuses user '{server.Username}': {refusal.MessageText}; check ConnectionStrings:lightning.",
        NpgsqlException { InnerException: (SocketException or TimeoutException or IOException) and { Message: var cause } } =>
            $"The database {Name(server)} cannot be reached: {cause.TrimEnd('.')}; start it (`dotnet run --project Lightning.AppHost`), or set ConnectionStrings:lightning to another.",
        // Where a connection fails, EF wraps what Npgsql said.
        InvalidOperationException { InnerException: { } inner } => Sentence(inner, server),
        _ => null,
    };

    static string Name(NpgsqlConnectionStringBuilder server) => $"{server.Database} at {server.Host}:{server.Port}";

    static IConfigurationRoot Read()
    {
        var configuration = new ConfigurationBuilder();
        if (IsDevelopment) configuration.AddUserSecrets(typeof(Database).Assembly, optional: true, reloadOnChange: false);
        return configuration.AddEnvironmentVariables().Build();
    }
}
