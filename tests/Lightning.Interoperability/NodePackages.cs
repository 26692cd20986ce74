using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Lightning.Interoperability;

/// <summary>
/// Installs the packages of <c>node/package-lock.json</c>. Without Node.js the tests are skipped, or fail if
/// <c>CI=true</c>.
/// </summary>
public sealed class NodePackages : IAsyncLifetime
{
    static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);
    static readonly string Folder = Path.Combine(SourceFolder(), "node");
    bool isInstalled;

    public async ValueTask InitializeAsync()
    {
        // npm writes this file last, so it is newer than a lock file that is installed.
        var done = new FileInfo(Path.Combine(Folder, "node_modules", ".package-lock.json"));
        if (done.Exists && done.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(Folder, "package-lock.json")))
        {
            isInstalled = HasNode();
            return;
        }
        if (!HasNode())
            return;
        using var npm = Start("npm", "ci", "--no-audit", "--no-fund");
        var errors = npm.StandardError.ReadToEndAsync();
        var text = npm.StandardOutput.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(Timeout);
        await npm.WaitForExitAsync(timeout.Token);
        if (npm.ExitCode != 0)
            throw new InvalidOperationException($"npm ci in {Folder} failed:\n{await text}\n{await errors}");
        isInstalled = true;
    }

    /// <summary>Starts a script of the <c>node</c> folder.</summary>
    public Process Run(string script, string argument)
    {
        if (!isInstalled)
        {
            const string missing = "NO NODE: install Node 20 or newer from https://nodejs.org, and npm with it.";
            if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase))
                Assert.Fail(missing);
            Assert.Skip(missing);
        }
        return Start("node", script, argument);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    static bool HasNode()
    {
        try
        {
            using var node = Start("node", "--version");
            node.WaitForExit();
            return node.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    static Process Start(string program, params string[] arguments) =>
        Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = Folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;

    static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
