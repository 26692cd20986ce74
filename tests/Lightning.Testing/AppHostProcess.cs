using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Lightning.Testing;

/// <summary>An AppHost in a separate process with separate user secrets, started like `dotnet run` does.</summary>
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
            if (line.Data is null)
                return;
            lock (errors)
                errors.Add(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    /// <summary>The lines of its output, with the time since its start.</summary>
    public IReadOnlyList<(string Text, TimeSpan At)> Lines
    {
        get
        {
            lock (output)
                return [.. output];
        }
    }

    public string Output => string.Join('\n', Lines.Select(line => line.Text));

    /// <param name="appHost">The path of the built AppHost's dll.</param>
    /// <param name="args">The command-line arguments.</param>
    /// <param name="home">The folder of its user secrets; null for a temporary folder.</param>
    /// <param name="environment">Additional environment variables.</param>
    public static AppHostProcess Start(
        string appHost,
        IEnumerable<string> args,
        string? home = null,
        params (string Name, string? Value)[] environment
    )
    {
        var secrets = home ?? Directory.CreateTempSubdirectory("lightning-secrets-").FullName;
        var start = new ProcessStartInfo(Path.Combine(RuntimeRoot, "dotnet"), ["exec", appHost, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in LaunchProfile(appHost))
            start.Environment[name] = value;
        // It is the root of user secrets if it is set.
        start.Environment["APPDATA"] = secrets;
        start.Environment["ConnectionStrings__lightning"] = "";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new AppHostProcess(Process.Start(start)!, home is null ? secrets : null);
    }

    /// <summary>Waits until every resource is healthy.</summary>
    /// <returns>The time since the start of the process.</returns>
    /// <exception cref="InvalidOperationException">The process exited.</exception>
    public async Task<TimeSpan> UpAsync(CancellationToken cancellationToken)
    {
        var exit = process.WaitForExitAsync(cancellationToken);
        if (await Task.WhenAny(up.Task, exit) != exit)
            return await up.Task;
        cancellationToken.ThrowIfCancellationRequested();
        lock (errors)
            throw new InvalidOperationException($"The AppHost ended:\n{Output}\n{string.Join('\n', errors)}");
    }

    public async Task<(int Code, string Error)> ExitAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        lock (errors)
            return (process.ExitCode, string.Join('\n', errors).TrimEnd());
    }

    /// <summary>Sends SIGINT, like Ctrl+C.</summary>
    public async Task<(int Code, string Error)> StopAsync(CancellationToken cancellationToken)
    {
        using (var interrupt = Process.Start("kill", ["-INT", Id.ToString(CultureInfo.InvariantCulture)]))
            await interrupt.WaitForExitAsync(cancellationToken);
        return await ExitAsync(cancellationToken);
    }

    /// <summary>Sends SIGKILL to the AppHost alone.</summary>
    public void Kill() => process.Kill();

    /// <summary>The processes that it started, including the orchestrator and its children.</summary>
    public IReadOnlyList<int> StartedProcesses()
    {
        // DCP is detached from the AppHost; an argument names the process to monitor.
        var processes = Process.GetProcesses();
        var found = new HashSet<int> { Id };
        foreach (var candidate in processes)
            if (CommandLine(candidate.Id).Contains($"--monitor\0{Id}\0", StringComparison.Ordinal))
                found.Add(candidate.Id);
        for (var count = 0; count != found.Count; )
        {
            count = found.Count;
            foreach (var candidate in processes)
                if (found.Contains(ParentOf(candidate.Id)))
                    found.Add(candidate.Id);
        }
        found.Remove(Id);
        return [.. found];
    }

    /// <summary>Ends it like a crash; its children notice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
        process.Dispose();
        if (temporaryHome is not null)
            Directory.Delete(temporaryHome, recursive: true);
    }

    void ReceiveOutput(string? line)
    {
        if (line is null)
            return;
        lock (output)
            output.Add((line, clock.Elapsed));
        if (line.StartsWith("Everything is up", StringComparison.Ordinal))
            up.TrySetResult(clock.Elapsed);
    }

    static string RuntimeRoot => Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());

    /// <summary>The settings that `dotnet run` reads from launchSettings.json.</summary>
    static IEnumerable<(string Name, string Value)> LaunchProfile(string appHost)
    {
        var project = Path.GetFullPath("../../..", Path.GetDirectoryName(appHost)!);
        using var settings = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(project, "Properties", "launchSettings.json"))
        );
        var profile = settings.RootElement.GetProperty("profiles").EnumerateObject().First().Value;
        var variables = profile
            .GetProperty("environmentVariables")
            .EnumerateObject()
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
