using System.Text.RegularExpressions;

namespace Lightning.AppHost.Startup;

/// <summary>The console output of a resource.</summary>
static partial class ResourceOutput
{
    const int MaxLines = 12;
    static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The last lines, without timestamps, colors, stack traces and lines of the orchestrator; fewer if reading them
    /// times out.
    /// </summary>
    public static async Task<IReadOnlyList<string>> LastLinesAsync(ResourceLoggerService logs, IResource resource)
    {
        var lines = new List<string>();
        using var timeout = new CancellationTokenSource(ReadTimeout);
        try
        {
            await foreach (var batch in logs.GetAllAsync(resource).WithCancellation(timeout.Token))
            {
                lines.AddRange(
                    batch
                        .SelectMany(line => line.Content.Split('\n'))
                        .Select(line => Decoration().Replace(line, "").TrimEnd())
                );
            }
        }
        catch (OperationCanceledException)
        {
            // Return what was read until the timeout.
        }
        return [.. lines.Where(line => line.Length > 0 && !Noise().IsMatch(line)).TakeLast(MaxLines)];
    }

    /// <summary>A timestamp or an exception type at the start of a line, or an ANSI escape sequence.</summary>
    [GeneratedRegex(
        @"^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) ( *---> )?([\w.]+Exception: )?"
            + @"|^( *---> )?[\w.]+Exception: |\u001b\[[\d;]*m"
    )]
    private static partial Regex Decoration();

    /// <summary>A line of a stack trace or of the orchestrator.</summary>
    [GeneratedRegex(@"^\s*(at |---)|^\[sys\]")]
    private static partial Regex Noise();
}
