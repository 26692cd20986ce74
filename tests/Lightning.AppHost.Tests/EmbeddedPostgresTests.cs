using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using EmbeddedPostgres;
using Npgsql;

namespace Lightning.AppHost.Tests;

/// <summary>The embedded PostgreSQL under the real orchestrator.</summary>
public sealed class EmbeddedPostgresTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Temporary_server_keeps_data_over_a_restart_and_deletes_it_at_the_end()
    {
        string folder;
        await using (var app = await StartAsync(_ => { }))
        {
            await using (var connection = await OpenAsync(app))
            {
                connection.Database.ShouldBe("things");
                connection.PostgreSqlVersion.Major.ShouldBe(18);
                (await ScalarAsync(connection, "SHOW listen_addresses")).ShouldBe("127.0.0.1");
                (await ScalarAsync(connection, "SHOW server_encoding")).ShouldBe("UTF8");
                (await ScalarAsync(connection, "SELECT lower('ÄÖÜ')")).ShouldBe("äöü");
                (
                    await ScalarAsync(connection, "SELECT left(rolpassword, 13) FROM pg_authid WHERE rolcanlogin")
                ).ShouldBe("SCRAM-SHA-256");
                folder = Path.GetDirectoryName(await ScalarAsync(connection, "SHOW data_directory"))!;
                await ScalarAsync(connection, "CREATE TABLE notes AS SELECT 'kept' AS text");
            }

            var restart = await app.ResourceCommands.ExecuteCommandAsync(
                "postgres",
                KnownResourceCommands.RestartCommand,
                Cancellation
            );
            restart.Success.ShouldBeTrue(restart.Message);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("postgres", Cancellation);
            await using (var connection = await OpenAsync(app))
                (await ScalarAsync(connection, "SELECT text FROM notes")).ShouldBe("kept");
            await app.StopAsync(Cancellation);
        }
        Directory.Exists(folder).ShouldBeFalse();
    }

    /// <summary>As root this shows besides that PostgreSQL runs as another user.</summary>
    [Fact]
    public async Task Data_folder_keeps_data_for_the_next_run()
    {
        var folder = PostgresCluster.Temporary("folder").Folder;
        try
        {
            await using (var app = await StartAsync(server => server.WithDataFolder(folder)))
            {
                await using var connection = await OpenAsync(app);
                await ScalarAsync(connection, "CREATE TABLE notes AS SELECT 'kept' AS text");
            }
            await using (var app = await StartAsync(server => server.WithDataFolder(folder)))
            {
                await using var connection = await OpenAsync(app);
                (await ScalarAsync(connection, "SELECT text FROM notes")).ShouldBe("kept");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Server_and_database_show_their_state_and_log()
    {
        await using var app = await StartAsync(_ => { });
        var logs = (ResourceLoggerService)app.Services.GetService(typeof(ResourceLoggerService))!;

        var lines = new List<string>();
        await foreach (var batch in logs.GetAllAsync(Server(app)).WithCancellation(Cancellation))
            lines.AddRange(batch.Select(line => line.Content));
        lines.ShouldContain(line => line.Contains("Creating a temporary database cluster", StringComparison.Ordinal));
        app.ResourceNotifications.TryGetCurrentState("things", out var database).ShouldBeTrue();
        database!.Snapshot.State!.Text.ShouldBe(KnownResourceStates.Running);

        var stop = await app.ResourceCommands.ExecuteCommandAsync(
            "postgres",
            KnownResourceCommands.StopCommand,
            Cancellation
        );
        stop.Success.ShouldBeTrue(stop.Message);
        await app.ResourceNotifications.WaitForResourceAsync("things", KnownResourceStates.Exited, Cancellation);
    }

    [Fact]
    public void Resource_is_not_published()
    {
        var builder = DistributedApplication.CreateBuilder(Options());
        var server = builder.AddEmbeddedPostgres("postgres").WithDataVolume();
        var database = server.AddDatabase("things");

        server.Resource.IsExcludedFromPublish().ShouldBeTrue();
        database.Resource.IsExcludedFromPublish().ShouldBeTrue();
    }

    static DistributedApplicationOptions Options() =>
        new()
        {
            // Where the orchestrator is, the AppHost's assembly says.
            AssemblyName = typeof(PostgresCluster).Assembly.GetName().Name,
            Args = ["--DcpPublisher:WaitForResourceCleanup=true", "--Parameters:postgres-password=of-a-test"],
            DisableDashboard = true,
        };

    static async Task<DistributedApplication> StartAsync(Action<IResourceBuilder<EmbeddedPostgresResource>> configure)
    {
        var builder = DistributedApplication.CreateBuilder(Options());
        var server = builder.AddEmbeddedPostgres("postgres");
        configure(server);
        server.AddDatabase("things");
        var app = builder.Build();
        try
        {
            await app.StartAsync(Cancellation);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("things", Cancellation);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    static EmbeddedPostgresResource Server(DistributedApplication app) =>
        ((DistributedApplicationModel)app.Services.GetService(typeof(DistributedApplicationModel))!)
            .Resources.OfType<EmbeddedPostgresResource>()
            .Single();

    static async Task<NpgsqlConnection> OpenAsync(DistributedApplication app)
    {
        var connectionString = await Server(app)
            .Databases.Single()
            .ConnectionStringExpression.GetValueAsync(Cancellation);
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync(Cancellation);
        return connection;
    }

    static async Task<string?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancellation) as string;
    }
}
