using System.Security.Cryptography;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Lightning.Data.Roles;

/// <summary>One database role a service, with the least that it needs: <c>grants.sql</c>.</summary>
public static class DatabaseRoles
{
    /// <summary>Where the passwords stand, by role.</summary>
    const string Section = "DatabaseRoles";
    static readonly string[] Names = ["lightning_identity", "lightning_api", "lightning_bff", "lightning_admin"];

    /// <summary>The passwords from configuration, by role.</summary>
    /// <exception cref="ConfigurationException">One is missing.</exception>
    public static IReadOnlyDictionary<string, string> ReadPasswords(IConfiguration configuration) => Names.ToDictionary(
        role => role,
        role => configuration[$"{Section}:{role}"] is { Length: > 0 } password ? password
            : throw new ConfigurationException($"{Section}:{role} is not set: give the password that this service's connection string uses."),
        StringComparer.Ordinal);

    /// <summary>Makes the roles and sets their passwords.</summary>
    public static async Task CreateAsync(NpgsqlConnection owner, IReadOnlyDictionary<string, string> passwords, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(passwords);
        foreach (var (role, password) in passwords) await CreateAsync(owner, role, password, cancellationToken);
    }

    /// <summary>Grants the roles what they need, and takes from them what else they have.</summary>
    public static async Task GrantAsync(NpgsqlConnection owner, CancellationToken cancellationToken)
    {
        await using var grants = new NpgsqlCommand(await ReadGrantsAsync(cancellationToken), owner);
        await grants.ExecuteNonQueryAsync(cancellationToken);
    }

    static async Task CreateAsync(NpgsqlConnection owner, string role, string password, CancellationToken cancellationToken)
    {
        var verifier = Verifier(password);
        for (var attempt = 1; ; attempt++)
            try
            {
                // Names are constants and a verifier has no quote in it; utility statements take no parameters.
                await using var command = new NpgsqlCommand($"""
                    DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
                    ALTER ROLE {role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '{verifier}';
                    """, owner);
                await command.ExecuteNonQueryAsync(cancellationToken);
                return;
            }
            // Roles belong to the server, so another database's migration may be at the same row; no lock reaches across databases.
            catch (PostgresException fault) when (fault is { SqlState: PostgresErrorCodes.InternalError } && attempt < 10)
            {
            }
    }

    static async Task<string> ReadGrantsAsync(CancellationToken cancellationToken)
    {
        await using var stream = typeof(DatabaseRoles).Assembly.GetManifestResourceStream("Lightning.Data.Roles.grants.sql")!;
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    /// <summary>What Postgres keeps of a password (RFC 5803), made here so that the password itself reaches no server log.</summary>
    static string Verifier(string password)
    {
        const int iterations = 4096;
        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, 32);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"SCRAM-SHA-256${iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}");
    }
}
