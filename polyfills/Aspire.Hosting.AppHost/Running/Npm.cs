using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Aspire.Hosting.Running;

/// <summary>Node and its package manager, as installed on this machine.</summary>
static class Npm
{
    const int OldestMajor = 20;
    const string Remedy = "install Node.js 20 or newer (with npm) and make sure that it is on the PATH";
    static Task<string>? s_npm;

    /// <summary>The path of npm; fails when Node is missing or too old.</summary>
    public static Task<string> FindAsync(string who) => s_npm ?? FindOnceAsync(who);

    /// <summary>Installs what package-lock.json names, unless that is what the last installation here did.</summary>
    public static async Task InstallAsync(string who, string folder, IReadOnlyList<string> options, LaunchContext context)
    {
        var npm = await FindAsync(who);
        if (!File.Exists(Path.Combine(folder, "package.json")))
        {
            throw new DistributedApplicationException($"'{who}' is a JavaScript app in {folder}, where there is no package.json: correct the path in the AppHost.");
        }

        var lockFile = Path.Combine(folder, "package-lock.json");
        var locked = File.Exists(lockFile);
        var wanted = Hash(await File.ReadAllBytesAsync(locked ? lockFile : Path.Combine(folder, "package.json"), context.CancellationToken));
        var stamp = Path.Combine(folder, "node_modules", ".installed");
        await using var alone = await FileLock.TakeAsync(Path.Combine(Places.Cache, "locks", Hash(Encoding.UTF8.GetBytes(folder)) + ".lock"), context.CancellationToken);
        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp, context.CancellationToken) == wanted) return;

        var command = locked ? "ci" : "install";
        context.Report($"npm {command} …");
        await Tool.RunAsync(who, new(npm, [command, "--no-audit", "--no-fund", "--no-update-notifier", .. options], folder), context);
        Directory.CreateDirectory(Path.GetDirectoryName(stamp)!); // npm makes none where there is nothing to install
        await File.WriteAllTextAsync(stamp, wanted, context.CancellationToken);
    }

    public static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];

    static async Task<string> FindOnceAsync(string who)
    {
        var node = Programs.Find("node");
        var npm = Programs.Find("npm");
        if (node is null || npm is null) throw new DistributedApplicationException($"'{who}' needs Node.js, and {(node is null ? "node" : "npm")} is not on the PATH: {Remedy}.");

        using var process = Process.Start(new ProcessStartInfo(node, "--version") { RedirectStandardOutput = true })!;
        var version = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        if (!int.TryParse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture, out var major) || major < OldestMajor)
        {
            throw new DistributedApplicationException($"'{who}' needs Node.js {OldestMajor} or newer, and {node} is {(version.Length > 0 ? version : "unknown")}: {Remedy}.");
        }

        s_npm = Task.FromResult(npm);
        return npm;
    }
}
