using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>A described application, ready to run.</summary>
public class DistributedApplication : IHost, IAsyncDisposable
{
    readonly IHost _host;
    readonly EntryPointHook? _hook;
    int _disposed;

    /// <summary>Runs on a host.</summary>
    public DistributedApplication(IHost host) : this(host, null)
    {
    }

    internal DistributedApplication(IHost host, EntryPointHook? hook)
    {
        _host = host;
        _hook = hook;
    }

    /// <summary>The AppHost's own services.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>What may be done to the resources.</summary>
    public ResourceCommandService ResourceCommands => Services.GetRequiredService<ResourceCommandService>();

    /// <summary>How the resources are.</summary>
    public ResourceNotificationService ResourceNotifications => Services.GetRequiredService<ResourceNotificationService>();

    /// <summary>Describes an application.</summary>
    public static IDistributedApplicationBuilder CreateBuilder() => CreateBuilder([]);

    /// <summary>Describes an application from a command line.</summary>
    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => CreateBuilder(new DistributedApplicationOptions { Args = args });

    /// <summary>Describes an application from options.</summary>
    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options)
    {
        Failures.ShowAsOneSentence();
        return new DistributedApplicationBuilder(options);
    }

    /// <summary>Runs the application until it is told to stop.</summary>
    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <summary>
    /// Runs the application until it is told to stop, and shows on the console how it comes up. A failure is one sentence and exit code 1.
    /// </summary>
    public virtual async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (_hook is not null)
        {
            await _hook.RunAsync(cancellationToken);
            return;
        }

        var orchestrator = Services.GetRequiredService<Orchestrator>();
        orchestrator.StopOnFailure = true;
        Services.GetRequiredService<Progress>().ShowOn(Console.WriteLine);
        if (StartingTable.IsPossible) orchestrator.WhileStarting = up => StartingTable.ShowAsync(Services, up);
        using var parent = ParentWatch.Start(Services.GetRequiredService<IHostApplicationLifetime>());
        try
        {
            await HostingAbstractionsHostExtensions.RunAsync(this, cancellationToken);
        }
        catch (DistributedApplicationException e)
        {
            orchestrator.Fail(e);
        }
        catch (OperationCanceledException) when (orchestrator.Failure is not null || cancellationToken.IsCancellationRequested)
        {
            // Stopped while starting: by the failure that is told below, or because it was asked to.
        }

        if (orchestrator.Failure is { } failure) Failures.Show(failure);
    }

    /// <summary>Starts the application: addresses and parameters are known when this returns, resources come up afterwards.</summary>
    public virtual Task StartAsync(CancellationToken cancellationToken = default) => _host.StartAsync(cancellationToken);

    /// <summary>Stops the application, those first that others wait for last.</summary>
    public virtual Task StopAsync(CancellationToken cancellationToken = default) => _host.StopAsync(cancellationToken);

    /// <summary>Stops the application and lets go of what it holds.</summary>
    public virtual void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    /// <summary>Stops the application and lets go of what it holds.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await Services.GetRequiredService<Orchestrator>().StopAsync(CancellationToken.None);
        _hook?.Release();
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
