using System.Diagnostics;

namespace Lightning.Benchmarks;

/// <summary>A proxy in a separate process.</summary>
sealed class ProxyProcess : IDisposable
{
    readonly Process process;

    ProxyProcess(Process process) => this.process = process;

    public Uri Address { get; private set; } = null!;

    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>What it has in memory, bytes.</summary>
    public long Memory
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>A service in its own folder: two of them in one would share their settings.</summary>
    public static string Service(string name) =>
        Path.Combine(
            AppContext.BaseDirectory.Replace(
                Path.Combine("tests", "Lightning.Benchmarks"),
                name,
                StringComparison.Ordinal
            ),
            $"{name}.dll"
        );

    public static async Task<ProxyProcess> StartAsync(
        string program,
        string[] arguments,
        Dictionary<string, string> environment
    )
    {
        var start = new ProcessStartInfo("dotnet", ["exec", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            WorkingDirectory = Path.GetDirectoryName(program),
        };
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["DOTNET_hostBuilder__reloadConfigOnChange"] = "false";
        // The same settings for all: those of the Web SDK, and no log of successful requests.
        start.Environment["DOTNET_gcServer"] = "1";
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        var proxy = new ProxyProcess(Process.Start(start)!);
        while (await proxy.process.StandardOutput.ReadLineAsync() is { } line)
            if (line.Split("Now listening on: ") is [_, var address])
            {
                proxy.Address = new Uri(address);
                _ = proxy.process.StandardOutput.ReadToEndAsync();
                return proxy;
            }
        throw new InvalidOperationException($"{program} did not start.");
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }
}
