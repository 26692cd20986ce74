using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Lightning.Testing;

/// <summary>An AppHost as a process of its own, with its own user secrets, as `dotnet run` starts it.</summary>
public sealed class AppHostProcess : IAsyncDisposable
{
    readonly Process process;
    readonly string? temporaryHome;
    readonly Stopwatch clock = Stopwatch.StartNew();
    readonly List<(string Text, TimeSpan At)> output = [];
    readonly List<string> errors = [];
    readonly TaskCompletionSource<TimeSpan> up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    AppHostProcess(Process process, string? temporaryHome)
    {
        this.process = process;
        this.temporaryHome = temporaryHome;
        process.OutputDataReceived += (_, line) => ReceiveOutput(line.Data);
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

    /// <param name="appHost">The built AppHost's dll.</param>
    /// <param name="args">Its command line.</param>
    /// <param name="home">Where its user secrets are; a temporary folder when null.</param>
    /// <param name="environment">Variables that it and its services see besides.</param>
    public static AppHostProcess Start(
        string appHost, IEnumerable<string> args, string? home = null,
        params (string Name, string? Value)[] environment)
    {
        var secrets = home ?? Directory.CreateTempSubdirectory("lightning-secrets-").FullName;
        var start = new ProcessStartInfo(Path.Combine(RuntimeRoot, "dotnet"), ["exec", appHost, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in LaunchProfile(appHost)) start.Environment[name] = value;
        // User secrets are below it where it is set.
        start.Environment["APPDATA"] = secrets;
        start.Environment["ConnectionStrings__lightning"] = "";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new AppHostProcess(Process.Start(start)!, home is null ? secrets : null);
    }

    /// <summary>Until everything is healthy.</summary>
    /// <returns>How long after the start of the process that was.</returns>
    /// <exception cref="InvalidOperationException">It ended before.</exception>
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
        using (var interrupt = Process.Start("kill", ["-INT", Id.ToString(CultureInfo.InvariantCulture)]))
            await interrupt.WaitForExitAsync(cancellationToken);
        return await ExitAsync(cancellationToken);
    }

    /// <summary>SIGKILL, to it alone.</summary>
    public void Kill() => process.Kill();

    /// <summary>The processes that it has started, the orchestrator and what that has started included.</summary>
    public IReadOnlyList<int> StartedProcesses()
    {
        // DCP is detached from the AppHost, and is told whom to watch.
        var processes = Process.GetProcesses();
        var found = new HashSet<int> { Id };
        foreach (var candidate in processes)
            if (CommandLine(candidate.Id).Contains($"--monitor\0{Id}\0", StringComparison.Ordinal))
                found.Add(candidate.Id);
        for (var count = 0; count != found.Count;)
        {
            count = found.Count;
            foreach (var candidate in processes)
                if (found.Contains(ParentOf(candidate.Id))) found.Add(candidate.Id);
        }
        found.Remove(Id);
        return [.. found];
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
        if (temporaryHome is not null) Directory.Delete(temporaryHome, recursive: true);
    }

    void ReceiveOutput(string? line)
    {
        if (line is null) return;
        lock (output) output.Add((line, clock.Elapsed));
        if (line.StartsWith("Everything is up", StringComparison.Ordinal)) up.TrySetResult(clock.Elapsed);
    }

    static string RuntimeRoot => Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());

    /// <summary>What `dotnet run` takes from launchSettings.json.</summary>
    static IEnumerable<(string Name, string Value)> LaunchProfile(string appHost)
    {
        var project = Path.GetFullPath("../../..", Path.GetDirectoryName(appHost)!);
        using var settings = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(project, "Properties", "launchSettings.json")));
        var profile = settings.RootElement.GetProperty("profiles").EnumerateObject().First().Value;
        var variables = profile.GetProperty("environmentVariables").EnumerateObject()
            .Select(variable => (variable.Name, variable.Value.GetString()!));
        return [.. variables, ("ASPNETCORE_URLS", profile.GetProperty("applicationUrl").GetString()!)];
    }

    static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return ""; // it has ended
        }
    }

    static int ParentOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // it has ended
        }
    }
}
