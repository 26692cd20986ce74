using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace EmbeddedPostgres;

/// <summary>A PostgreSQL data folder and the command line of its server. Independent of Aspire.</summary>
/// <param name="Folder">Absolute path; created when missing.</param>
/// <param name="IsTemporary">
/// Whether the data is deleted after use; it then does not survive a power failure.
/// </param>
sealed record PostgresCluster(string Folder, bool IsTemporary)
{
    /// <summary>The superuser.</summary>
    public const string UserName = "postgres";

    // 200 connections: several services, each with a connection pool, and their tools.
    static readonly string[] settings =
    [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=200",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_checkpoints=off",
    ];

    static readonly string[] temporarySettings = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

    /// <summary>Creates a cluster in the temporary folder, which <see cref="Delete"/> removes.</summary>
    public static PostgresCluster Temporary(string name) =>
        new(Path.Combine("/tmp", $"embedded-postgres-{name}-{Guid.NewGuid():n}"), IsTemporary: true);

    /// <summary>A named cluster in the data folder of the current user.</summary>
    public static PostgresCluster Volume(string name) =>
        new(Path.Combine(PostgresUser.DataFolder, name), IsTemporary: false);

    /// <summary>A free loopback port below the ephemeral range.</summary>
    public static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(18_000, 30_000));
            try
            {
                listener.Start();
                return ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException ex) when (ex.SocketErrorCode == SocketError.AddressAlreadyInUse) { }
        }
    }

    string Data => Path.Combine(Folder, "pgdata-18");

    string PasswordHash => Path.Combine(Folder, "password.sha256");

    /// <summary>Creates the data folder unless it exists.</summary>
    /// <param name="programs">See <see cref="PostgresInstallation.EnsureAsync"/>.</param>
    /// <param name="password">The superuser's password.</param>
    /// <param name="passwordKey">The configuration key of the password, for the error message.</param>
    /// <param name="report">Receives progress messages.</param>
    /// <param name="cancellationToken">Cancels. A partially created folder is not used later.</param>
    /// <exception cref="EmbeddedPostgresException">
    /// The data was created with another password, or cannot be created.
    /// </exception>
    public async Task EnsureAsync(
        string programs,
        string password,
        string passwordKey,
        Action<string> report,
        CancellationToken cancellationToken
    )
    {
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(password)));
        if (Directory.Exists(Data))
        {
            if (!File.Exists(PasswordHash) || await File.ReadAllTextAsync(PasswordHash, cancellationToken) == hash)
                return;
            throw new EmbeddedPostgresException(
                $"The data in {Folder} was created with another password than {passwordKey}: "
                    + "set the old password again, or delete that folder to start with empty data."
            );
        }

        report(IsTemporary ? "Creating a temporary database cluster …" : $"Creating a database cluster in {Folder} …");
        await PostgresUser.CreateOwnFolderAsync(Folder, cancellationToken);
        var draft = $"{Data}.{Guid.NewGuid():n}";
        await PostgresUser.CreateOwnFolderAsync(draft, cancellationToken);
        var passwordFile = Path.Combine(Folder, "password");
        try
        {
            await File.WriteAllTextAsync(passwordFile, password, cancellationToken);
            // Readable for the unprivileged initdb; no other user can enter the folder.
            await ProcessRunner.RunAsync("chmod", ["604", passwordFile], Folder, report, cancellationToken);
            string[] arguments =
            [
                "-D",
                draft,
                "-U",
                UserName,
                $"--pwfile={passwordFile}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                .. IsTemporary ? ["--no-sync"] : Array.Empty<string>(),
            ];
            var command = PostgresUser.CommandLine(Path.Combine(programs, "initdb"), arguments);
            await ProcessRunner.RunAsync(command[0], command[1..], Folder, report, cancellationToken);
            await File.WriteAllTextAsync(PasswordHash, hash, cancellationToken);
            Directory.Move(draft, Data);
        }
        finally
        {
            File.Delete(passwordFile);
            if (Directory.Exists(draft))
                Directory.Delete(draft, recursive: true);
        }
    }

    /// <summary>The arguments of <c>/bin/sh</c> that run the server until it is stopped.</summary>
    /// <param name="programs">See <see cref="PostgresInstallation.EnsureAsync"/>.</param>
    /// <param name="port">The TCP port on 127.0.0.1.</param>
    /// <param name="untilInputEnds">
    /// Whether the server also stops when its standard input ends, as when the parent process exits.
    /// </param>
    public IEnumerable<string> ShellArguments(string programs, int port, bool untilInputEnds = false)
    {
        // SIGINT is PostgreSQL's fast shutdown; the usual SIGTERM would wait for every client to leave.
        const string script = """
            trap 'kill -INT $server' INT TERM HUP
            owner=$1 temporary=$2 input=$3
            shift 3
            if [ "$input" = yes ]; then exec 3<&0; fi
            "$@" < /dev/null & server=$!
            if [ "$input" = yes ]; then { read -r _ <&3; kill -INT $server; } & reader=$!; fi
            while kill -0 $server 2> /dev/null; do wait $server; code=$?; done
            [ -z "$reader" ] || kill $reader 2> /dev/null
            if [ -n "$temporary" ] && ! kill -0 "$owner" 2> /dev/null; then rm -rf "$temporary"; fi
            exit $code
            """;
        var all = settings
            .Concat(IsTemporary ? temporarySettings : [])
            .Append($"port={port.ToString(CultureInfo.InvariantCulture)}")
            .SelectMany(setting => new[] { "-c", setting });
        return
        [
            "-c",
            script,
            "postgres",
            Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            IsTemporary ? Folder : "",
            untilInputEnds ? "yes" : "no",
            .. PostgresUser.CommandLine(Path.Combine(programs, "postgres"), ["-D", Data, .. all]),
        ];
    }

    /// <summary>Deletes the data if it is temporary.</summary>
    public void Delete()
    {
        if (IsTemporary && Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
    }
}
