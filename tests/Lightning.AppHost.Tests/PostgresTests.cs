using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Npgsql;

namespace Lightning.AppHost.Tests;

public sealed class PostgresTests
{
    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Server_InATest_IsItsOwnKeepsItsDataWhenStartedAgainAndLeavesNothing()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddPostgres("postgres", port: 54320).WithDataVolume().AddDatabase("things");
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("things", Cancelled);

        string folder;
        await using (var connection = await OpenAsync(app, "things"))
        {
            connection.Database.ShouldBe("things");
            connection.Port.ShouldNotBe(54320);
            connection.PostgreSqlVersion.Major.ShouldBe(18);
            (await ScalarAsync(connection, "SHOW max_connections")).ShouldBe("200");
            (await ScalarAsync(connection, "SHOW listen_addresses")).ShouldBe("127.0.0.1");
            (await ScalarAsync(connection, "SHOW server_encoding")).ShouldBe("UTF8");
            (await ScalarAsync(connection, "SELECT lower('ÄÖÜ')")).ShouldBe("äöü");
            (await ScalarAsync(connection, "SELECT count(*)::text FROM pg_authid WHERE rolcanlogin AND rolpassword LIKE 'SCRAM-SHA-256$%'")).ShouldBe("1");
            folder = Path.GetDirectoryName(await ScalarAsync(connection, "SHOW data_directory"))!;
        }

        await using (var connection = await OpenAsync(app, "things")) await ScalarAsync(connection, "CREATE TABLE notes AS SELECT 'kept' AS text");
        (await app.ResourceCommands.ExecuteCommandAsync("postgres", "restart", Cancelled)).Success.ShouldBeTrue();
        await app.ResourceNotifications.WaitForResourceHealthyAsync("postgres", Cancelled);
        await using (var connection = await OpenAsync(app, "things")) (await ScalarAsync(connection, "SELECT text FROM notes")).ShouldBe("kept");

        Directory.Exists(folder).ShouldBeTrue();
        await app.StopAsync(Cancelled);
        Directory.Exists(folder).ShouldBeFalse();
    }

    // As root this also shows that Postgres runs as someone else, as an ordinary user that it runs as that one.
    [Fact]
    public async Task Data_InAFolder_IsThereAgainAndWantsItsPassword()
    {
        // Below /tmp and not in the tests' own folder: an unprivileged Postgres must reach it.
        var folder = Directory.CreateTempSubdirectory("lightning-apphost-").FullName;
        try
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            var data = Path.Combine(folder, "data");
            await using (var app = await StartAsync(data, "first"))
            {
                await using var connection = await OpenAsync(app, "things");
                await ScalarAsync(connection, "CREATE TABLE notes AS SELECT 'kept' AS text");
            }

            await using (var app = await StartAsync(data, "first"))
            {
                await using var connection = await OpenAsync(app, "things");
                (await ScalarAsync(connection, "SELECT text FROM notes")).ShouldBe("kept");
            }

            var failure = await Should.ThrowAsync<DistributedApplicationException>(() => StartAsync(data, "second"));
            failure.Message.ShouldContain("Parameters:postgres-password");
            failure.Message.ShouldContain(data);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Data_InUseByAnotherServer_IsSaidInOneSentence()
    {
        var folder = Directory.CreateTempSubdirectory("lightning-apphost-").FullName;
        try
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            await using var first = await StartAsync(Path.Combine(folder, "data"), "same");
            var failure = await Should.ThrowAsync<DistributedApplicationException>(() => StartAsync(Path.Combine(folder, "data"), "same"));
            failure.Message.ShouldContain("in use by another Postgres");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<DistributedApplication> StartAsync(string folder, string password)
    {
        // Not the testing builder, which never keeps data.
        var builder = DistributedApplication.CreateBuilder(["--DcpPublisher:RandomizePorts=true", $"--Parameters:postgres-password={password}"]);
        builder.AddPostgres("postgres").WithDataBindMount(folder).AddDatabase("things");
        var app = builder.Build();
        try
        {
            await app.StartAsync(Cancelled);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("things", Cancelled);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    static async Task<NpgsqlConnection> OpenAsync(DistributedApplication app, string database)
    {
        var connection = new NpgsqlConnection(await app.GetConnectionStringAsync(database, Cancelled) + ";Pooling=false");
        await connection.OpenAsync(Cancelled);
        return connection;
    }

    static async Task<string?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancelled) as string;
    }
}
