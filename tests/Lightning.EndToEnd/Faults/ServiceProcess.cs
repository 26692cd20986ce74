using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Lightning.Testing;

namespace Lightning.EndToEnd.Faults;

/// <summary>One of Lightning's services as a process of its own, which can be stopped, killed, frozen and started again.</summary>
sealed class ServiceProcess(string name, int port, Dictionary<string, string> environment) : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly HttpClient Probe = new() { Timeout = TimeSpan.FromSeconds(5) };
    readonly ConcurrentQueue<string> said = new();
    Process? process;

    public Uri Address { get; } = new($"http://127.0.0.1:{port}");

    public int Port => port;

    /// <summary>Starts it, and waits until it serves.</summary>
    public async Task StartAsync()
    {
        var folder = Path.Combine(Root, name);
        // Beside this test's own output, in the same configuration.
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(folder, "bin", output.Parent!.Name, output.Name, $"{name}.dll"));
        foreach (var (key, value) in environment) start.Environment[key] = value;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["ASPNETCORE_URLS"] = Address.GetLeftPart(UriPartial.Authority);
        start.Environment["DOTNET_hostBuilder__reloadConfigOnChange"] = "false";
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Wait.UntilAsync(async () =>
        {
            if (process.HasExited) throw new InvalidOperationException($"{name} ended at its start: {string.Join('\n', said)}");
            return await StatusAsync("/health/ready") == HttpStatusCode.OK;
        }, Patience);
    }

    /// <summary>The status of one of its own pages; none where it does not answer.</summary>
    public async Task<HttpStatusCode?> StatusAsync(string path)
    {
        try
        {
            using var answer = await Probe.GetAsync(new Uri(Address, path));
            return answer.StatusCode;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>As an orderly shut-down does it.</summary>
    public async Task StopAsync()
    {
        await SignalAsync("TERM");
        await process!.WaitForExitAsync().WaitAsync(Patience);
    }

    /// <summary>From one instruction to the next.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Takes it off the processor: it neither answers nor hangs up.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Lets it go on.</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false }) await KillAsync();
        process?.Dispose();
    }

    async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        kill.ExitCode.ShouldBe(0);
    }

    void Hear(string? line)
    {
        if (line is null) return;
        said.Enqueue(line);
        if (said.Count > 200) said.TryDequeue(out _);
    }

    static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Lightning.sln"))) folder = folder.Parent!;
            return folder.FullName;
        }
    }
}
