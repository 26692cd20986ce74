using System.Reflection;
using System.Runtime.InteropServices;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>What to start for a resource.</summary>
sealed record LaunchPlan(string FileName, IReadOnlyList<string> Arguments, string WorkingDirectory)
{
    /// <summary>The signal that asks it to end.</summary>
    public string StopSignal { get; init; } = "TERM";

    /// <summary>A folder that goes with the application; started again, the program finds it as it left it.</summary>
    public string? Rubbish { get; init; }

    /// <summary>Turns what it wrote before it failed into one sentence with a remedy, where it can.</summary>
    public Func<IReadOnlyList<OutputLine>, string?>? Explain { get; init; }
}

/// <summary>Makes the plan when the resource's turn has come: installs, unpacks, looks for programs.</summary>
sealed class LaunchAnnotation(Func<LaunchContext, Task<LaunchPlan>> prepare) : IResourceAnnotation
{
    public Func<LaunchContext, Task<LaunchPlan>> Prepare { get; } = prepare;
}

/// <summary>What the making of a plan may use.</summary>
sealed record LaunchContext(IServiceProvider Services, Action<string> Report, Action<OutputLine> Output, CancellationToken CancellationToken);

/// <summary>Starts a project as it was built with the AppHost.</summary>
static class ProjectLaunch
{
    public static LaunchPlan Of(Assembly? appHost, ProjectResource resource)
    {
        var project = resource.GetProjectMetadata().ProjectPath;
        var built = AppHostMetadata.Find(appHost, $"aspireprojectoutput:{project}") ?? throw new DistributedApplicationException(
            $"'{resource.Name}' is project {project}, which the AppHost was not built with: add a ProjectReference to it to the AppHost's project file.");
        if (!File.Exists(built)) throw new DistributedApplicationException($"'{resource.Name}' is not built ({built} is missing): build the AppHost.");
        return new(Dotnet, [built], Path.GetDirectoryName(project)!);
    }

    /// <summary>The dotnet whose runtime this process runs on, wherever it is installed.</summary>
    static string Dotnet { get; } = Path.GetFullPath("../../../dotnet", RuntimeEnvironment.GetRuntimeDirectory());
}
