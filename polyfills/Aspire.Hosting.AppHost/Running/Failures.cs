using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting.Running;

/// <summary>A failure that the model foresees is shown as one sentence and ends the process with exit code 1, without a stack trace.</summary>
static class Failures
{
    static int s_installed;

    /// <summary>Does so for failures before the application runs, which nobody catches.</summary>
    public static void ShowAsOneSentence()
    {
        if (Interlocked.Exchange(ref s_installed, 1) == 0) AppDomain.CurrentDomain.UnhandledException += ShowAndExit;
    }

    public static void Show(DistributedApplicationException failure)
    {
        Console.Error.WriteLine($"error: {failure.Message}");
        Environment.ExitCode = 1;
    }

    public static string Innermost(Exception e)
    {
        var message = e.InnerException is null ? e.Message : $"{e.Message} {e.InnerException.Message}";
        return message.ReplaceLineEndings(" ");
    }

    [SuppressMessage("Design", "CA1031", Justification = "The last stop of any exception.")]
    static void ShowAndExit(object sender, UnhandledExceptionEventArgs e)
    {
        if (e.ExceptionObject is not DistributedApplicationException failure) return;
        Show(failure);
        Environment.Exit(1);
    }
}
