using System.ComponentModel;
using System.Diagnostics;

namespace EmbeddedPostgres;

/// <summary>Runs programs.</summary>
static class ProcessRunner
{
    /// <summary>Runs a program until it exits and reports each line of its output.</summary>
    /// <exception cref="EmbeddedPostgresException">
    /// The program is not installed or fails. The message has its last lines.
    /// </exception>
    public static async Task RunAsync(
        string program,
        IEnumerable<string> arguments,
        string folder,
        Action<string> report,
        CancellationToken cancellationToken
    )
    {
        using var process = new Process
        {
            StartInfo = new(program, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        var lines = new List<string>();
        process.OutputDataReceived += Receive;
        process.ErrorDataReceived += Receive;
        try
        {
            process.Start();
        }
        catch (Win32Exception ex)
        {
            throw new EmbeddedPostgresException(
                $"{program} cannot be started ({ex.Message}): install it and put it on the PATH.",
                ex
            );
        }
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        if (process.ExitCode != 0)
            throw new EmbeddedPostgresException(
                $"{program} failed with exit code {process.ExitCode}: {string.Join(" ", lines.TakeLast(5))}"
            );

        void Receive(object sender, DataReceivedEventArgs line)
        {
            if (string.IsNullOrWhiteSpace(line.Data))
                return;
            lock (lines)
                lines.Add(line.Data.Trim());
            report(line.Data);
        }
    }
}
