using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting.Running;

/// <summary>Where the polyfills keep what outlives a run. Root's are outside its home, so that an unprivileged Postgres reaches them.</summary>
[SuppressMessage("Interoperability", "CA1416", Justification = "The application says at its start that it needs Linux or macOS.")]
static class Places
{
    const string Name = "aspire-polyfill";

    /// <summary>What can be made again.</summary>
    public static string Cache { get; } = Unix.IsRoot ? $"/var/cache/{Name}" : Path.Combine(Xdg("XDG_CACHE_HOME", ".cache"), Name);

    /// <summary>What cannot.</summary>
    public static string Data { get; } = Unix.IsRoot ? $"/var/lib/{Name}" : Path.Combine(Xdg("XDG_DATA_HOME", ".local/share"), Name);

    /// <summary>What ends with the application.</summary>
    public static string Temporary { get; } = Unix.IsRoot ? "/tmp" : Path.GetTempPath();

    /// <summary>Makes a folder in one of these places; of root's, others may pass through it whatever root's umask says.</summary>
    public static void Make(string folder)
    {
        Directory.CreateDirectory(folder);
        if (!Unix.IsRoot) return;
        for (var path = folder; path.StartsWith(Cache, StringComparison.Ordinal) || path.StartsWith(Data, StringComparison.Ordinal); path = Path.GetDirectoryName(path)!)
        {
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        }
    }

    static string Xdg(string variable, string folder) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } configured
        ? configured
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), folder);
}
