using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting.Postgres;

/// <summary>Installs PostgreSQL, makes the data folder, and says how the server is started.</summary>
static class PostgresLaunch
{
    // A session of its own for each of eight services and their tools; everything else is Postgres's default.
    static readonly string[] s_settings =
    [
        "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "timezone=UTC", "log_timezone=UTC", "log_checkpoints=off"
    ];

    // Data that ends with the run need not survive a power failure.
    static readonly string[] s_temporarySettings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

    public static async Task<LaunchPlan> PrepareAsync(PostgresServerResource server, DataFolder data, LaunchContext context)
    {
        var programs = Path.Combine(await PostgresInstallation.EnsureAsync(server.Name, context), "bin");
        var user = ServerUser.Current;
        var cluster = Path.Combine(data.Path, "pgdata-18");
        user.MakeOwnFolder(data.Path);
        if (!Directory.Exists(cluster)) await InitializeAsync(server, data, cluster, programs, context);

        string[] settings = [$"port={server.PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture)}", $"cluster_name={server.Name}", .. s_settings, .. data.IsTemporary ? s_temporarySettings : []];
        var plan = user.Run(Path.Combine(programs, "postgres"), ["-D", cluster, .. settings.SelectMany(setting => new[] { "-c", setting })], data.Path);
        return plan with { StopSignal = "INT", Rubbish = data.IsTemporary ? data.Path : null, Explain = lines => Explain(server, cluster, lines) };
    }

    static async Task InitializeAsync(PostgresServerResource server, DataFolder data, string cluster, string programs, LaunchContext context)
    {
        context.Report(data.IsTemporary ? "makes a temporary database cluster …" : $"makes a database cluster in {data.Path} …");
        var draft = cluster + ".new";
        if (Directory.Exists(draft)) Directory.Delete(draft, recursive: true);
        var passwordFile = Path.Combine(data.Path, "password");
        try
        {
            ServerUser.Current.WriteOwnFile(passwordFile, (await server.PasswordParameter.GetValueAsync(context.CancellationToken))!);
            var name = (await server.UserNameReference.GetValueAsync(context.CancellationToken))!;
            string[] arguments =
            [
                "-D", draft, "-U", name, $"--pwfile={passwordFile}", "--auth=scram-sha-256", "--encoding=UTF8",
                "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", .. data.IsTemporary ? ["--no-sync"] : Array.Empty<string>()
            ];
            await Tool.RunAsync(server.Name, ServerUser.Current.Run(Path.Combine(programs, "initdb"), arguments, data.Path), context);
        }
        finally
        {
            File.Delete(passwordFile);
        }

        Directory.Move(draft, cluster);
    }

    static string? Explain(PostgresServerResource server, string cluster, IReadOnlyList<OutputLine> lines)
    {
        if (lines.Any(line => line.Text.Contains("lock file \"postmaster.pid\" already exists", StringComparison.Ordinal)))
        {
            return $"The data of '{server.Name}' in {cluster} is in use by another Postgres: stop the AppHost that runs it, or give this one data of its own (WithDataVolume(\"name\")).";
        }

        var fatal = lines.LastOrDefault(line => line.Text.Contains("FATAL:", StringComparison.Ordinal)).Text;
        return fatal is null ? null : $"Postgres '{server.Name}' cannot start on {cluster}: {fatal[(fatal.IndexOf("FATAL:", StringComparison.Ordinal) + 6)..].Trim()}.";
    }
}
