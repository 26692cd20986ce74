using System.Diagnostics;
using System.Globalization;

namespace Aspire.Hosting.Running;

/// <summary>A line that a process wrote.</summary>
readonly record struct OutputLine(string Text, bool IsError);

/// <summary>A process that ends when this one does, whatever ends it: launcher.sh.</summary>
sealed class Child : IDisposable
{
    const int GraceSeconds = 8;
    static readonly string s_launcher = ReadLauncher();

    readonly Process _process;
    readonly Task _output;
    readonly TaskCompletionSource<int?> _program = new(TaskCreationOptions.RunContinuationsAsynchronously);

    Child(Process process, Action<OutputLine> output)
    {
        _process = process;
        _output = Task.WhenAll(
            ReadAsync(process.StandardOutput, line =>
            {
                if (_program.Task.IsCompleted) output(new(line, IsError: false));
                else _program.SetResult(int.Parse(line, CultureInfo.InvariantCulture));
            }),
            ReadAsync(process.StandardError, line => output(new(line, IsError: true))));
        Exit = ExitAsync();
    }

    /// <summary>The exit code, once the process has ended and its output is read; 128 and the signal's number when a signal ended it.</summary>
    public Task<int> Exit { get; }

    /// <summary>The number of the program that the launcher runs; none where it ended before it had one.</summary>
    public Task<int?> Program => _program.Task;

    /// <summary>Starts a process. It sees exactly this environment.</summary>
    public static Child Start(LaunchPlan plan, IReadOnlyDictionary<string, string> environment, Action<OutputLine> output)
    {
        var start = new ProcessStartInfo
        {
            FileName = Programs.Find("bash") ?? throw new DistributedApplicationException(
                "bash is not on the PATH, and the polyfill of Aspire.Hosting.AppHost starts processes under it: install bash."),
            WorkingDirectory = plan.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        if (!Directory.Exists(plan.WorkingDirectory)) throw new DistributedApplicationException($"Folder {plan.WorkingDirectory} does not exist: correct the path in the AppHost.");

        // -p: no start-up files, no functions from the environment.
        string[] arguments = ["-pc", s_launcher, "launcher", plan.StopSignal, GraceSeconds.ToString(CultureInfo.InvariantCulture), plan.Rubbish ?? "", plan.FileName, .. plan.Arguments];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new(Process.Start(start)!, output);
    }

    /// <summary>Asks the process to end, and kills it when it does not.</summary>
    public void Stop() => Say();

    /// <summary>Kills a process that has been asked to end already.</summary>
    public void Kill() => Say();

    public void Dispose() => _process.Dispose();

    void Say()
    {
        try
        {
            _process.StandardInput.WriteLine();
            _process.StandardInput.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It has ended already, and so has its end of the pipe.
        }
    }

    async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync();

        // A descendant that left the group may hold the pipes for ever; what the process itself wrote is there by now.
        await Task.WhenAny(_output, Task.Delay(TimeSpan.FromSeconds(1)));
        _program.TrySetResult(null);
        return _process.ExitCode;
    }

    static async Task ReadAsync(StreamReader reader, Action<string> line)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } text) line(text);
        }
        catch (ObjectDisposedException)
        {
            // The process has ended, and nobody listens any more.
        }
    }

    static string ReadLauncher()
    {
        using var reader = new StreamReader(typeof(Child).Assembly.GetManifestResourceStream("launcher.sh")!);
        return reader.ReadToEnd();
    }
}
