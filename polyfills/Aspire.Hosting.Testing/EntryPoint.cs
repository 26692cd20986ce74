using System.Reflection;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>Runs an AppHost's entry point on a thread of its own, and holds it at Build until the test goes on.</summary>
sealed class EntryPoint : EntryPointHook
{
    readonly Assembly _appHost;
    readonly string[] _args;
    readonly Action<DistributedApplicationOptions, HostApplicationBuilderSettings> _configure;
    readonly TaskCompletionSource<DistributedApplicationBuilder> _described = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource<bool> _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource<DistributedApplication> _built = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    EntryPoint(Assembly appHost, string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configure)
    {
        _appHost = appHost;
        _args = args;
        _configure = configure;
    }

    public static async Task<IDistributedApplicationTestingBuilder> StartAsync(
        Assembly appHost, string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configure, CancellationToken cancellationToken)
    {
        var main = appHost.EntryPoint ?? throw new InvalidOperationException($"{appHost.GetName().Name} is no AppHost: it has no entry point.");
        var entryPoint = new EntryPoint(appHost, args, configure);
        new Thread(() => entryPoint.Enter(main)) { IsBackground = true, Name = $"{appHost.GetName().Name} entry point" }.Start();
        return new TestingBuilder(await entryPoint._described.Task.WaitAsync(cancellationToken), entryPoint);
    }

    /// <summary>Lets the entry point build the application.</summary>
    public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken)
    {
        _goOn.TrySetResult(true);
        return _built.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Gives up an application that was not built.</summary>
    public void Abandon() => _goOn.TrySetResult(false);

    public override void Configure(DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        TestingDefaults.Apply(options, settings, [.. options.Args ?? [], .. options.Args is null ? _args : []], _appHost);
        _configure(options, settings);
    }

    public override void WaitToBuild(DistributedApplicationBuilder builder)
    {
        _described.TrySetResult(builder);
        if (!_goOn.Task.GetAwaiter().GetResult()) throw new OperationCanceledException("The test did not build the application.");
    }

    public override void Built(DistributedApplication application) => _built.TrySetResult(application);

    public override Task RunAsync(CancellationToken cancellationToken) => _released.Task.WaitAsync(cancellationToken);

    public override void Release() => _released.TrySetResult();

    void Enter(MethodInfo main)
    {
        Current.Value = this;
        try
        {
            if (main.Invoke(null, main.GetParameters().Length == 0 ? [] : [_args]) is Task task) task.GetAwaiter().GetResult();
            Fail(new InvalidOperationException($"{_appHost.GetName().Name} ended without building an application."));
        }
        catch (TargetInvocationException e)
        {
            Fail(e.InnerException ?? e);
        }
    }

    void Fail(Exception e)
    {
        _described.TrySetException(e);
        _built.TrySetException(e);
    }
}
