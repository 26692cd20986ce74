using System.Diagnostics;
using EmbeddedPostgres;
using Npgsql;

namespace Lightning.Testing;

/// <summary>A PostgreSQL server with temporary data, which stops with this process.</summary>
sealed class EmbeddedServer : IAsyncDisposable
{
    static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    readonly PostgresCluster cluster = PostgresCluster.Temporary("tests");
    readonly List<string> lines = [];
    Process? process;

    /// <summary>The superuser's connection string, without a database.</summary>
    public string ConnectionString { get; private set; } = "";

    public static async Task<EmbeddedServer> StartAsync()
    {
        var server = new EmbeddedServer();
        var programs = await PostgresInstallation.EnsureAsync(Console.Error.WriteLine, CancellationToken.None);
        var (password, port) = (Guid.NewGuid().ToString("N"), PostgresCluster.FreePort());
        await server.cluster.EnsureAsync(programs, password, "the tests' own", _ => { }, CancellationToken.None);
        server.ConnectionString = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = PostgresCluster.UserName,
            Password = password,
        }.ConnectionString;
        var arguments = server.cluster.ShellArguments(programs, port, untilInputEnds: true);
        server.process = new Process
        {
            StartInfo = new("/bin/sh", arguments)
            {
                WorkingDirectory = server.cluster.Folder,
                RedirectStandardInput = true,
                RedirectStandardError = true,
            },
        };
        server.process.ErrorDataReceived += (_, line) =>
        {
            lock (server.lines)
                server.lines.Add(line.Data ?? "");
        };
        server.process.Start();
        server.process.BeginErrorReadLine();
        await server.WaitAsync();
        return server;
    }

    async Task WaitAsync() =>
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    await using var connection = new NpgsqlConnection(
                        ConnectionString + ";Database=postgres;Pooling=false"
                    );
                    await connection.OpenAsync();
                    return true;
                }
                catch (NpgsqlException ex)
                {
                    return process!.HasExited ? throw new InvalidOperationException(Failure(), ex) : false;
                }
            },
            StartTimeout,
            Failure
        );

    string Failure()
    {
        lock (lines)
            return $"Postgres did not start: {string.Join('\n', lines)}";
    }

    public async ValueTask DisposeAsync()
    {
        process!.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
        cluster.Delete();
    }
}
