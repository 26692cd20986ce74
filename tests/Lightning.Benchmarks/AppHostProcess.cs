using System.Diagnostics;
using System.Globalization;

namespace Lightning.Benchmarks;

/// <summary>The whole application as the AppHost runs it, on free ports, with user secrets and data of the benchmark's own.</summary>
sealed class AppHostProcess : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    readonly Process process;
    readonly Stopwatch clock = Stopwatch.StartNew();
    readonly List<(string Line, TimeSpan At)> lines = [];
    readonly TaskCompletionSource up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    AppHostProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null) return;
            lock (lines) lines.Add((line.Data, clock.Elapsed));
            if (line.Data.StartsWith("Everything is up", StringComparison.Ordinal)) up.TrySetResult();
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null) up.TrySetException(new InvalidOperationException(line.Data));
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>From the start of its process until everything is healthy.</summary>
    public TimeSpan Up { get; private set; }

    /// <summary>What the AppHost's own process has in memory, bytes: the dashboard is in it.</summary>
    public long Memory
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <param name="folder">Holds the home and the data; what is there already is used.</param>
    /// <param name="environment">What its services see besides.</param>
    public static async Task<AppHostProcess> StartAsync(string folder, params (string Name, string Value)[] environment)
    {
        Directory.CreateDirectory(Path.Combine(folder, "home"));
        string[] arguments = ["exec", ProxyProcess.Service("Lightning.AppHost"), "--ports", "auto", "--data", Path.Combine(folder, "data")];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["HOME"] = Path.Combine(folder, "home");
        start.Environment["XDG_CACHE_HOME"] = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        start.Environment["npm_config_cache"] = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".npm");
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var app = new AppHostProcess(Process.Start(start)!);
        await app.up.Task.WaitAsync(Patience);
        app.Up = app.clock.Elapsed;
        return app;
    }

    /// <summary>When each resource was healthy, or had done its work, since the start of the process.</summary>
    public IReadOnlyList<(string Resource, TimeSpan At)> Resources
    {
        get
        {
            lock (lines)
                return [.. lines.Where(line => line.Line.StartsWith("  ", StringComparison.Ordinal) && (line.Line.Contains("  healthy (", StringComparison.Ordinal)
                    || line.Line.Contains("  started (", StringComparison.Ordinal) || line.Line.Contains("  finished (", StringComparison.Ordinal)))
                    .Select(line => (line.Line.Trim().Split(' ')[0], line.At))];
        }
    }

    /// <summary>The address that stands after a word, such as <c>App</c> or <c>Login to the dashboard at</c>.</summary>
    public Uri AddressAfter(string word)
    {
        lock (lines) return new Uri(lines.Select(line => line.Line.Trim()).Last(line => line.StartsWith(word, StringComparison.Ordinal))[word.Length..].Trim());
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            using (var interrupt = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)])) await interrupt.WaitForExitAsync();
            await process.WaitForExitAsync();
        }
        process.Dispose();
    }
}
