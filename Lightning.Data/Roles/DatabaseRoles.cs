using System.Security.Cryptography;
using Lightning.Data.Sql;
using Lightning.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Lightning.Data.Roles;

/// <summary>One database role per service, with least privilege; see <c>Sql/grants.sql</c>.</summary>
public static class DatabaseRoles
{
    /// <summary>The configuration section of the passwords.</summary>
    const string Section = "DatabaseRoles";
    static readonly string[] Names = ["lightning_identity", "lightning_api", "lightning_bff", "lightning_admin"];

    /// <summary>Reads the passwords from configuration, by role.</summary>
    /// <exception cref="ConfigurationException">A password is missing.</exception>
    public static IReadOnlyDictionary<string, string> ReadPasswords(IConfiguration configuration) =>
        Names.ToDictionary(
            role => role,
            role =>
                configuration[$"{Section}:{role}"] is { Length: > 0 } password
                    ? password
                    : throw new ConfigurationException(
                        $"{Section}:{role} is not set: give the password that this service's connection string uses."
                    ),
            StringComparer.Ordinal
        );

    /// <summary>Creates the roles and sets their passwords.</summary>
    public static async Task CreateAsync(
        NpgsqlConnection owner,
        IReadOnlyDictionary<string, string> passwords,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(passwords);
        foreach (var (role, password) in passwords)
            await CreateAsync(owner, role, password, cancellationToken);
    }

    /// <summary>Grants the roles their rights and revokes all others.</summary>
    public static async Task GrantAsync(NpgsqlConnection owner, CancellationToken cancellationToken)
    {
        await using var grants = new NpgsqlCommand(SqlScripts.Read("grants"), owner);
        await grants.ExecuteNonQueryAsync(cancellationToken);
    }

    static async Task CreateAsync(
        NpgsqlConnection owner,
        string role,
        string password,
        CancellationToken cancellationToken
    )
    {
        var verifier = Verifier(password);
        for (var attempt = 1; ; attempt++)
            try
            {
                // Utility statements take no parameters; the names are constants and a verifier contains no quote.
                await using var command = new NpgsqlCommand(
                    $"""
                    DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
                    END $$;
                    ALTER ROLE {role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '{verifier}';
                    """,
                    owner
                );
                await command.ExecuteNonQueryAsync(cancellationToken);
                return;
            }
            // Roles belong to the server, so another database's migration may update the same row at once; advisory
            // locks do not span databases.
            catch (PostgresException ex) when (ex is { SqlState: PostgresErrorCodes.InternalError } && attempt < 10) { }
    }

    /// <summary>
    /// The SCRAM verifier of a password (RFC 5803), computed here so that the password never reaches the server's log.
    /// </summary>
    static string Verifier(string password)
    {
        const int iterations = 4096;
        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, 32);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"SCRAM-SHA-256${iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(stored)}"
                + $":{Convert.ToBase64String(server)}"
        );
    }
}
