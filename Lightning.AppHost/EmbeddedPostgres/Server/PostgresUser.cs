namespace EmbeddedPostgres;

/// <summary>
/// The user that runs PostgreSQL, which refuses to run as root: the current user, or <c>nobody</c> for root. Root's
/// programs and data are outside its home, so that <c>nobody</c> can access them.
/// </summary>
static class PostgresUser
{
    const string Name = "nobody";
    static readonly Lazy<string> group = new(FindGroup);

    /// <summary>The installation folder. <c>EMBEDDED_POSTGRES_CACHE</c> overrides it.</summary>
    public static string CacheFolder { get; } =
        Environment.GetEnvironmentVariable("EMBEDDED_POSTGRES_CACHE") is { Length: > 0 } named
            ? named
            : Folder("/var/cache", "XDG_CACHE_HOME", ".cache");

    /// <summary>The folder of the data volumes.</summary>
    public static string DataFolder { get; } = Folder("/var/lib", "XDG_DATA_HOME", ".local/share");

    /// <summary>The command line that runs a program as this user.</summary>
    public static string[] CommandLine(string program, params IEnumerable<string> arguments) =>
        Environment.IsPrivilegedProcess
            ? ["setpriv", $"--reuid={Name}", $"--regid={group.Value}", "--clear-groups", program, .. arguments]
            : [program, .. arguments];

    /// <summary>Creates a world-readable folder and its parents, regardless of the umask.</summary>
    public static Task CreateSharedFolderAsync(string path, CancellationToken cancellationToken) =>
        ProcessRunner.RunAsync("install", ["-d", "-m", "755", path], "/", _ => { }, cancellationToken);

    /// <summary>Creates a folder that only this user can access.</summary>
    public static Task CreateOwnFolderAsync(string path, CancellationToken cancellationToken)
    {
        string[] owner = Environment.IsPrivilegedProcess ? ["-o", Name, "-g", group.Value] : [];
        if (Path.GetDirectoryName(path) is { } parent)
            Directory.CreateDirectory(parent);
        return ProcessRunner.RunAsync("install", ["-d", "-m", "700", .. owner, path], "/", _ => { }, cancellationToken);
    }

    static string Folder(string rootsFolder, string variable, string homeFolder)
    {
        var parent =
            Environment.IsPrivilegedProcess ? rootsFolder
            : Environment.GetEnvironmentVariable(variable) is { Length: > 0 } configured ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), homeFolder);
        return Path.Combine(parent, "embedded-postgres");
    }

    static string FindGroup()
    {
        var user = File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .FirstOrDefault(fields => fields.Length > 3 && fields[0] == Name);
        return user?[3]
            ?? throw new EmbeddedPostgresException(
                $"PostgreSQL refuses to run as root, and there is no user '{Name}': run as an ordinary user."
            );
    }
}
