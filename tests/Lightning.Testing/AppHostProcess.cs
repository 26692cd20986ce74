using System.Diagnostics;
using System.Globalization;

namespace Lightning.Testing;

/// <summary>An AppHost as a process of its own, with a home, and so user secrets, of its own.</summary>
public sealed class AppHostProcess : IAsyncDisposable
{
    readonly Process process;
    readonly Stopwatch clock = Stopwatch.StartNew();
    readonly List<(string Text, TimeSpan At)> output = [];
    readonly List<string> errors = [];
    readonly TaskCompletionSource<TimeSpan> up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    readonly string? rubbish;

    AppHostProcess(Process process, string? rubbish)
    {
        (this.process, this.rubbish) = (process, rubbish);
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null) return;
            lock (output) output.Add((line.Data, clock.Elapsed));
            if (line.Data.StartsWith("Everything is up", StringComparison.Ordinal)) up.TrySetResult(clock.Elapsed);
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null) return;
            lock (errors) errors.Add(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    /// <summary>The lines of its output, and when after its start they came.</summary>
    public IReadOnlyList<(string Text, TimeSpan At)> Lines
    {
        get { lock (output) return [.. output]; }
    }

    public string Output => string.Join('\n', Lines.Select(line => line.Text));

    /// <summary>What its own process has in memory, bytes: the dashboard is in it.</summary>
    public long Memory
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <param name="start">The program and what it is given; its output is read here.</param>
    /// <param name="home">Its home.</param>
    /// <param name="isTemporary">Whether its home goes with it.</param>
    public static AppHostProcess Start(ProcessStartInfo start, string home, bool isTemporary = false)
    {
        ArgumentNullException.ThrowIfNull(start);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        start.Environment["HOME"] = home;
        // Not the home of what is downloaded, which is so once for all.
        var own = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        start.Environment["XDG_CACHE_HOME"] = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(own, ".cache");
        start.Environment["npm_config_cache"] = Environment.GetEnvironmentVariable("npm_config_cache") ?? Path.Combine(own, ".npm");
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        start.Environment.Remove("DOTNET_LAUNCH_PROFILE");
        return new AppHostProcess(Process.Start(start)!, isTemporary ? home : null);
    }

    /// <summary>Until everything is healthy.</summary>
    /// <returns>How long after the start of the process that was.</returns>
    public async Task<TimeSpan> UpAsync(CancellationToken cancellationToken)
    {
        var exit = process.WaitForExitAsync(cancellationToken);
        if (await Task.WhenAny(up.Task, exit) != exit) return await up.Task;
        cancellationToken.ThrowIfCancellationRequested();
        lock (errors) throw new InvalidOperationException($"The AppHost ended:\n{Output}\n{string.Join('\n', errors)}");
    }

    public async Task<(int Code, string Error)> ExitAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        lock (errors) return (process.ExitCode, string.Join('\n', errors).TrimEnd());
    }

    /// <summary>As Ctrl+C does.</summary>
    public async Task<(int Code, string Error)> StopAsync(CancellationToken cancellationToken)
    {
        using (var interrupt = Process.Start("kill", ["-INT", Id.ToString(CultureInfo.InvariantCulture)])) await interrupt.WaitForExitAsync(cancellationToken);
        return await ExitAsync(cancellationToken);
    }

    public void Kill() => process.Kill();

    /// <summary>The processes that it has started and those that they have started, once programs of these names are among them.</summary>
    public async Task<IReadOnlyList<Process>> DescendantsAsync(params string[] names)
    {
        var found = new List<Process>();
        await Wait.UntilAsync(() =>
        {
            found.Clear();
            Add(Process.GetProcesses().ToLookup(ParentOf), Id);
            return names.All(name => found.Exists(process => process.ProcessName == name));
        });
        return found;

        void Add(ILookup<int, Process> children, int parent)
        {
            foreach (var child in children[parent])
            {
                found.Add(child);
                Add(children, child.Id);
            }
        }
    }

    /// <summary>Ends it as a crash would; what it has started notices.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
        process.Dispose();
        if (rubbish is not null) Directory.Delete(rubbish, recursive: true);
    }

    static int ParentOf(Process process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process.Id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // it ended while it was looked at
        }
    }
}
