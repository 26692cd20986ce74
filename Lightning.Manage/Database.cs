using System.Net.Sockets;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Lightning.Manage;

/// <summary>The database, accessed with the owner's role.</summary>
static class Database
{
    /// <summary>
    /// Environment variables; in Development also the AppHost's user secrets, to find its database without
    /// configuration.
    /// </summary>
    public static IConfiguration Configuration { get; } = Read();

    static bool IsDevelopment =>
        string.Equals(
            Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT"),
            "Development",
            StringComparison.OrdinalIgnoreCase
        );

    /// <summary>The owner's connection string.</summary>
    /// <exception cref="ConfigurationException">The connection string is missing or malformed.</exception>
    public static string ConnectionString
    {
        get
        {
            if (
                string.IsNullOrEmpty(Configuration.GetConnectionString("lightning"))
                && IsDevelopment
                && Configuration["Parameters:postgres-password"] is { Length: > 0 } password
            )
                return new NpgsqlConnectionStringBuilder
                {
                    Host = "localhost",
                    Port = 54320,
                    Database = "lightning",
                    Username = "postgres",
                    Password = password,
                }.ConnectionString;
            return LightningDataExtensions.RequireConnectionString(Configuration);
        }
    }

    /// <summary>
    /// Runs an action with the connection string and turns connection errors into a one-sentence message.
    /// </summary>
    /// <exception cref="ConfigurationException">The database is unavailable or refuses the user.</exception>
    public static async Task<T> UseAsync<T>(Func<string, Task<T>> use)
    {
        var connectionString = ConnectionString;
        try
        {
            return await use(connectionString);
        }
        catch (Exception ex) when (Sentence(ex, new NpgsqlConnectionStringBuilder(connectionString)) is { } sentence)
        {
            throw new ConfigurationException(sentence, ex);
        }
    }

    static string? Sentence(Exception? ex, NpgsqlConnectionStringBuilder server) =>
        ex switch
        {
            PostgresException
            {
                SqlState: PostgresErrorCodes.InvalidPassword
                    or PostgresErrorCodes.InvalidAuthorizationSpecification
                    or PostgresErrorCodes.InvalidCatalogName
                    or PostgresErrorCodes.InsufficientPrivilege
            } refusal => $"The database {Name(server)} refuses user '{server.Username}': {refusal.MessageText}; check "
                + $"ConnectionStrings:lightning.",
            NpgsqlException
            {
                InnerException: (SocketException or TimeoutException or IOException) and { Message: var cause }
            } => $"The database {Name(server)} cannot be reached: {cause.TrimEnd('.')}; start it (`dotnet run "
                + $"--project Lightning.AppHost`), or set ConnectionStrings:lightning to another.",
            // EF wraps Npgsql's exception when a connection fails.
            InvalidOperationException { InnerException: { } inner } => Sentence(inner, server),
            _ => null,
        };

    static string Name(NpgsqlConnectionStringBuilder server) => $"{server.Database} at {server.Host}:{server.Port}";

    static IConfigurationRoot Read()
    {
        var configuration = new ConfigurationBuilder();
        if (IsDevelopment)
            configuration.AddUserSecrets(typeof(Database).Assembly, optional: true, reloadOnChange: false);
        return configuration.AddEnvironmentVariables().Build();
    }
}
