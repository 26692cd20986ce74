using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Data.Tests.Sessions;

/// <summary>What a relying party's role can do to its own web sessions and to those of another.</summary>
public class WebSessionRightsTests(PostgresServer server)
{
    static readonly string[] FixedColumns =
    [
        "id_hash",
        "app",
        "sid",
        "issuer",
        "subject",
        "created_at",
        "ends_at",
        "ticket",
    ];
    static readonly string[] ChangingColumns =
    [
        "last_seen_at",
        "tokens",
        "token_expires_at",
        "refresh_lease_owner",
        "refresh_lease_until",
    ];
    static readonly string[] Roles = ["bff", "admin"];

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_column_is_either_fixed_or_changing()
    {
        await using var database = await server.CreateDatabaseAsync();

        var columns = await database.ExecuteAsync(
            """
            SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
            WHERE attrelid = 'web.sessions'::regclass AND attnum > 0
            """
        );

        columns.ShouldBe(string.Join(' ', FixedColumns.Concat(ChangingColumns).Order(StringComparer.Ordinal)));
    }

    public static TheoryData<string, string> FixedColumnsOfRoles =>
        [.. Roles.SelectMany(role => FixedColumns.Select(column => (role, column)))];

    public static TheoryData<string, string> ColumnsOfRoles =>
        [.. Roles.SelectMany(role => FixedColumns.Concat(ChangingColumns).Select(column => (role, column)))];

    [Theory]
    [MemberData(nameof(FixedColumnsOfRoles))]
    public async Task Role_cannot_change_the_owner_of_its_sessions(string role, string column)
    {
        await using var database = await DatabaseWithSessionsAsync();

        var exception = await Should.ThrowAsync<PostgresException>(() =>
            ExecuteAsync(database, role, $"UPDATE web.sessions SET {column} = {column} WHERE app = '{role}'")
        );

        exception.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Theory]
    [MemberData(nameof(ColumnsOfRoles))]
    public async Task Role_cannot_read_or_change_the_session_of_another(string role, string column)
    {
        await using var database = await DatabaseWithSessionsAsync();
        var other = Roles.Single(name => name != role);

        (
            await ExecuteAsync(database, role, $"DELETE FROM web.sessions WHERE app = '{other}' AND {column} IS NULL")
        ).ShouldBe(0);
        if (ChangingColumns.Contains(column))
            (
                await ExecuteAsync(database, role, $"UPDATE web.sessions SET {column} = NULL WHERE app = '{other}'")
            ).ShouldBe(0);
        await using var connection = new NpgsqlConnection(database.ConnectionStringOf(role));
        await connection.OpenAsync(Cancellation);
        await using var read = new NpgsqlCommand($"SELECT {column} FROM web.sessions", connection);
        await using var rows = await read.ExecuteReaderAsync(Cancellation);
        (await rows.ReadAsync(Cancellation), await rows.ReadAsync(Cancellation)).ShouldBe((true, false));
        (await database.ExecuteAsync("SELECT count(*) FROM web.sessions")).ShouldBe(2L);
    }

    [Theory]
    [InlineData("bff")]
    [InlineData("admin")]
    public async Task Role_cannot_insert_or_delete_a_session_of_another(string role)
    {
        await using var database = await DatabaseWithSessionsAsync();
        var other = Roles.Single(name => name != role);

        var exception = await Should.ThrowAsync<PostgresException>(() =>
            ExecuteAsync(
                database,
                role,
                $"""
                INSERT INTO web.sessions (id_hash, app, sid, issuer, subject, created_at, last_seen_at, ends_at, ticket,
                    tokens)
                SELECT 'new', '{other}', sid, issuer, subject, created_at, last_seen_at, ends_at, ticket, tokens
                FROM web.sessions
                """
            )
        );

        exception.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        (await ExecuteAsync(database, role, "DELETE FROM web.sessions")).ShouldBe(1);
        (await database.ExecuteAsync("SELECT app FROM web.sessions")).ShouldBe(other);
    }

    async Task<TestDatabase> DatabaseWithSessionsAsync()
    {
        var database = await server.CreateDatabaseAsync();
        await using var db = database.Connect();
        var user = await db.AddUserAsync("ada");
        var session = await db.AddSessionAsync(user);
        foreach (var role in Roles)
            await database.ExecuteAsync(
                $"""
                INSERT INTO web.sessions (id_hash, app, sid, issuer, subject, created_at, last_seen_at, ends_at, ticket,
                    tokens)
                VALUES ('{role}', '{role}', '{session.Id}', '{user.Issuer}', '{user.Subject}', now(), now(),
                    now() + interval '1 day', '', '')
                """
            );
        return database;
    }

    static async Task<int> ExecuteAsync(TestDatabase database, string role, string sql)
    {
        await using var db = database.ConnectAs(role);
        return await db.Database.ExecuteSqlRawAsync(sql, Cancellation);
    }
}
