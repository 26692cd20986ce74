using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;

namespace Lightning.AppHost.Startup;

/// <summary>What a resource printed.</summary>
static partial class ResourceOutput
{
    const int Kept = 12;
    static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Its last lines, without time stamps, colors, stack traces and the orchestrator's own;
    /// fewer where they cannot be read in time.
    /// </summary>
    public static async Task<IReadOnlyList<string>> LastLinesAsync(ResourceLoggerService logs, IResource resource)
    {
        var lines = new List<string>();
        using var timeout = new CancellationTokenSource(ReadTimeout);
        try
        {
            await foreach (var batch in logs.GetAllAsync(resource).WithCancellation(timeout.Token))
            {
                lines.AddRange(batch
                    .SelectMany(line => line.Content.Split('\n'))
                    .Select(line => Decoration().Replace(line, "").TrimEnd()));
            }
        }
        catch (OperationCanceledException)
        {
            // What was read so far has to do.
        }
        return [.. lines.Where(line => line.Length > 0 && !Noise().IsMatch(line)).TakeLast(Kept)];
    }

    /// <summary>The time stamp or the exception's type that begins a line, and ANSI escape sequences.</summary>
    [GeneratedRegex(
        @"^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) ( *---> )?([\w.]+Exception: )?"
        + @"|^( *---> )?[\w.]+Exception: |\u001b\[[\d;]*m")]
    private static partial Regex Decoration();

    /// <summary>A line of a stack trace, or of the orchestrator.</summary>
    [GeneratedRegex(@"^\s*(at |---)|^\[sys\]")]
    private static partial Regex Noise();
}
