using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Running;

/// <summary>Stops the application when the <c>dotnet run</c> that started it is gone without having told it so.</summary>
static class ParentWatch
{
    public static IDisposable? Start(IHostApplicationLifetime lifetime)
    {
        if (OperatingSystem.IsWindows()) return null;
        var parent = Unix.GetParentProcessId();
        if (!IsDotnet(parent)) return null; // a shell may end and leave the AppHost running, as with nohup

        return new Timer(_ =>
        {
            if (Unix.GetParentProcessId() != parent) lifetime.StopApplication();
        }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    static bool IsDotnet(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return process.ProcessName == "dotnet";
        }
        catch (ArgumentException)
        {
            return false; // it ended just now
        }
    }
}
