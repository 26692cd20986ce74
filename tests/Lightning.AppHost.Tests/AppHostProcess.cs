using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Lightning.AppHost.Tests;

/// <summary>The small AppHost as a process of its own, with a home and user secrets of its own.</summary>
sealed class AppHostProcess : IAsyncDisposable
{
    static readonly string Configuration =
        typeof(AppHostProcess).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    readonly Process _process;
    readonly StringBuilder _output = new(), _errors = new();
    readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly DirectoryInfo _home;

    AppHostProcess(Process process, DirectoryInfo home)
    {
        _process = process;
        _home = home;
        process.OutputDataReceived += (_, line) =>
        {
            lock (_output) _output.AppendLine(line.Data);
            if (line.Data?.StartsWith("Everything is up", StringComparison.Ordinal) == true) _up.TrySetResult();
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null) return;
            lock (_errors) _errors.AppendLine(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    public int Id => _process.Id;

    public static AppHostProcess Start(
        string[] args, Action<DirectoryInfo, IDictionary<string, string?>>? prepare = null, bool underDotnetRun = false)
    {
        var home = Directory.CreateTempSubdirectory("lightning-home-");
        var root = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());
        if (underDotnetRun) args = ["run", "--no-build", "--configuration", Configuration, "--project", Projects.SmallAppHost.ProjectPath, "--", .. args];
        var start = new ProcessStartInfo(underDotnetRun ? Path.Combine(root, "dotnet") : Path.Combine(AppContext.BaseDirectory, "SmallAppHost"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = home.FullName
        };
        foreach (var arg in args) start.ArgumentList.Add(arg);
        // Not the home of PostgreSQL's binaries, which are installed once for all tests.
        start.Environment["XDG_CACHE_HOME"] = Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        start.Environment["HOME"] = home.FullName;
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        start.Environment["DOTNET_ROOT"] = root;
        start.Environment.Remove("DOTNET_LAUNCH_PROFILE");
        prepare?.Invoke(home, start.Environment);
        return new(Process.Start(start)!, home);
    }

    public async Task UpAsync(CancellationToken cancellationToken)
    {
        var exit = _process.WaitForExitAsync(cancellationToken);
        if (await Task.WhenAny(_up.Task, exit) == exit) throw new InvalidOperationException($"The AppHost ended:\n{Output}{_errors}");
    }

    public async Task<(int Code, string Error)> ExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        lock (_errors) return (_process.ExitCode, _errors.ToString().TrimEnd());
    }

    /// <summary>The processes that it has started and those that they have started, once programs of these names are among them.</summary>
    public async Task<IReadOnlyList<Process>> DescendantsAsync(params string[] names)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(10); await Task.Delay(50))
        {
            var found = new List<Process>();
            Add(found, Process.GetProcesses().ToLookup(ParentOf), Id);
            if (names.All(name => found.Exists(process => process.ProcessName == name))) return found;
        }

        throw new InvalidOperationException($"The AppHost does not run all of {string.Join(", ", names)}:\n{Output}");

        static void Add(List<Process> found, ILookup<int, Process> children, int parent)
        {
            foreach (var child in children[parent])
            {
                found.Add(child);
                Add(found, children, child.Id);
            }
        }
    }

    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        _home.Delete(recursive: true);
    }

    static int ParentOf(Process process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process.Id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // it ended while it was looked at
        }
    }
}
