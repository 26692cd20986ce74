using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Lightning.Interoperability;

/// <summary>The packages of <c>node/package-lock.json</c>, and no others. Where there is no Node the tests that need it are skipped, and fail under <c>CI=true</c>.</summary>
public sealed class NodePackages : IAsyncLifetime
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    static readonly string Folder = Path.Combine(SourceFolder(), "node");
    bool isInstalled;

    public async ValueTask InitializeAsync()
    {
        // npm writes this file when it is done, so it is younger than a lock file that it has installed.
        var done = new FileInfo(Path.Combine(Folder, "node_modules", ".package-lock.json"));
        if (done.Exists && done.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(Folder, "package-lock.json")))
        {
            isInstalled = HasNode();
            return;
        }
        if (!HasNode()) return;
        using var npm = Start("npm", "ci", "--no-audit", "--no-fund");
        var faults = npm.StandardError.ReadToEndAsync();
        var text = npm.StandardOutput.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        await npm.WaitForExitAsync(patience.Token);
        if (npm.ExitCode != 0) throw new InvalidOperationException($"npm ci in {Folder} failed:\n{await text}\n{await faults}");
        isInstalled = true;
    }

    /// <summary>Starts a script of this project.</summary>
    public Process Run(string script, string argument)
    {
        if (!isInstalled)
        {
            const string missing = "NO NODE: install Node 20 or newer from https://nodejs.org, and npm with it.";
            if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase)) Assert.Fail(missing);
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

    static Process Start(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = Folder,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
