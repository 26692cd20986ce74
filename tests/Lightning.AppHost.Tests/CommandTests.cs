using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.AppHost.Tests;

public sealed class CommandTests
{
    const string Lasting = "echo pid $$; trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Process_StoppedStartedAndRestarted_FollowsAndLeavesOthersAlone()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var server = Shell(builder, "server", Lasting);
        Shell(builder, "client", Lasting).WaitFor(server);
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("client", Cancelled);
        var clientStarted = Snapshot(app, "client").StartTimeStamp;

        StatesOf(app, "server").ShouldBe([("start", ResourceCommandState.Hidden), ("stop", ResourceCommandState.Enabled), ("restart", ResourceCommandState.Enabled)]);
        (await app.ResourceCommands.ExecuteCommandAsync("server", "start", Cancelled)).Success.ShouldBeFalse();

        (await app.ResourceCommands.ExecuteCommandAsync("server", KnownResourceCommands.StopCommand, Cancelled)).Success.ShouldBeTrue();
        Snapshot(app, "server").State!.Text.ShouldBe(KnownResourceStates.Finished);
        var first = Snapshot(app, "server").StartTimeStamp;
        StatesOf(app, "server").ShouldBe([("start", ResourceCommandState.Enabled), ("stop", ResourceCommandState.Hidden), ("restart", ResourceCommandState.Disabled)]);

        (await app.ResourceCommands.ExecuteCommandAsync("server", "start", Cancelled)).Success.ShouldBeTrue();
        await app.ResourceNotifications.WaitForResourceHealthyAsync("server", Cancelled);
        Snapshot(app, "server").StartTimeStamp.ShouldNotBe(first);
        var second = Snapshot(app, "server").StartTimeStamp;

        (await app.ResourceCommands.ExecuteCommandAsync(server.Resource, "restart", Cancelled)).Success.ShouldBeTrue();
        await app.ResourceNotifications.WaitForResourceAsync("server", change => change.Snapshot.StartTimeStamp > second && change.Snapshot.HealthStatus is not null, Cancelled);
        Snapshot(app, "client").StartTimeStamp.ShouldBe(clientStarted);
        await app.StopAsync(Cancelled);
        (await app.ResourceCommands.ExecuteCommandAsync("server", "start", Cancelled)).Message!.ShouldContain("the application is stopping");
    }

    [Fact]
    public async Task Resource_WithExplicitStart_WaitsToBeAsked_AndItsProcessIsKnown()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        Shell(builder, "server", Lasting).WithExplicitStart();
        Shell(builder, "other", Lasting);
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("other", Cancelled);
        Snapshot(app, "server").State!.Text.ShouldBe(KnownResourceStates.NotStarted);
        StatesOf(app, "server")[0].ShouldBe(("start", ResourceCommandState.Enabled));

        (await app.ResourceCommands.ExecuteCommandAsync("server", "start", Cancelled)).Success.ShouldBeTrue();
        await app.ResourceNotifications.WaitForResourceHealthyAsync("server", Cancelled);
        var process = Snapshot(app, "server").Properties.Single(property => property.Name == "executable.pid").Value;
        await foreach (var lines in app.Services.GetRequiredService<ResourceLoggerService>().WatchAsync("server").WithCancellation(Cancelled))
        {
            lines[0].Content.ShouldContain($"pid {process}");
            break;
        }
    }

    [Fact]
    public async Task Start_OfWhatCannotStartAgain_IsShownAndEndsNothingElse()
    {
        var folder = Directory.CreateTempSubdirectory("lightning-commands-");
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var tool = Path.Combine(folder.FullName, "tool");
        await File.WriteAllTextAsync(tool, $"#!/bin/sh\n{Lasting}\n", Cancelled);
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        builder.AddExecutable("tool", tool, folder.FullName);
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("tool", Cancelled);
        await app.ResourceCommands.ExecuteCommandAsync("tool", "stop", Cancelled);
        File.Delete(tool);
        await app.ResourceCommands.ExecuteCommandAsync("tool", "start", Cancelled);
        await app.ResourceNotifications.WaitForResourceAsync("tool", KnownResourceStates.FailedToStart, Cancelled);
        StatesOf(app, "tool")[0].ShouldBe(("start", ResourceCommandState.Enabled));
        app.Services.GetRequiredService<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested.ShouldBeFalse();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Command_OfOnesOwn_IsGivenWhileItsStateAllows()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var allowed = false;
        var given = new List<string>();
        Shell(builder, "server", Lasting).WithCommand("greet", "Greet", context =>
        {
            given.Add(context.ResourceName);
            return Task.FromResult(CommandResults.Success("Hello."));
        }, new CommandOptions { UpdateState = _ => allowed ? ResourceCommandState.Enabled : ResourceCommandState.Disabled });
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("server", Cancelled);

        (await app.ResourceCommands.ExecuteCommandAsync("server", "greet", Cancelled)).Success.ShouldBeFalse();
        allowed = true;
        (await app.ResourceCommands.ExecuteCommandAsync("server", "greet", Cancelled)).Message.ShouldBe("Hello.");
        given.ShouldBe(["server"]);
        (await app.ResourceCommands.ExecuteCommandAsync("server", "unknown", Cancelled)).Message.ShouldBe("'server' has no command 'unknown'.");
        (await app.ResourceCommands.ExecuteCommandAsync("nobody", "greet", Cancelled)).Message.ShouldBe("There is no resource 'nobody'.");
    }

    static (string, ResourceCommandState)[] StatesOf(DistributedApplication app, string name)
    {
        app.ResourceNotifications.TryGetCurrentState(name, out var current).ShouldBeTrue();
        return [.. current!.Resource.Annotations.OfType<ResourceCommandAnnotation>()
            .Select(command => (command.Name, command.UpdateState(new() { ResourceSnapshot = current.Snapshot, ServiceProvider = app.Services })))];
    }

    static IResourceBuilder<ExecutableResource> Shell(IDistributedApplicationBuilder builder, string name, string script) =>
        builder.AddExecutable(name, "sh", ".", "-c", script);

    static CustomResourceSnapshot Snapshot(DistributedApplication app, string name) =>
        app.ResourceNotifications.TryGetCurrentState(name, out var current) ? current.Snapshot : throw new InvalidOperationException(name);
}
