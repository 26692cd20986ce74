using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Running;

/// <summary>Lets a test take hold of the application that an AppHost's entry point describes, instead of it running at once.</summary>
abstract class EntryPointHook
{
    /// <summary>Set by a test for the thread that it runs an entry point on.</summary>
    public static readonly AsyncLocal<EntryPointHook?> Current = new();

    public abstract void Configure(DistributedApplicationOptions options, HostApplicationBuilderSettings settings);

    /// <summary>Blocks until the test has said what it has to say about the application.</summary>
    public abstract void WaitToBuild(DistributedApplicationBuilder builder);

    public abstract void Built(DistributedApplication application);

    /// <summary>Stands in for running: the test starts and stops the application.</summary>
    public abstract Task RunAsync(CancellationToken cancellationToken);

    /// <summary>The application is disposed: the entry point may end.</summary>
    public abstract void Release();
}
