using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace Lightning.AppHost.Tests;

/// <summary>The small AppHost with two processes of its service.</summary>
public sealed class ReplicaTests
{
    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Replicas_BehindOneAddress_TakeTurnsAndStandInForEachOther()
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.SmallAppHost>(["--replicas", "2"], Cancelled);
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        // It waits for the service, which means for both.
        await app.ResourceNotifications.WaitForResourceHealthyAsync("script", Cancelled);

        var both = await ProcessesAsync(app, 8);
        both.Count.ShouldBe(2);
        using var one = Client(app);
        (await one.GetStringAsync("/environment/OTEL_SERVICE_NAME", Cancelled)).ShouldBe("service");
        var instances = new HashSet<string>();
        for (var tries = 0; tries < 8; tries++) instances.Add(await one.GetStringAsync("/environment/OTEL_RESOURCE_ATTRIBUTES", Cancelled));
        instances.Order().ShouldBe(["service.instance.id=service-1", "service.instance.id=service-2"]);

        // Each is stopped and started by itself, and whoever runs answers.
        (await app.ResourceCommands.ExecuteCommandAsync("service-1", "stop", Cancelled)).Success.ShouldBeTrue();
        var left = await ProcessesAsync(app, 6);
        left.Count.ShouldBe(1);
        both.ShouldContain(left.Single());
        (await app.ResourceCommands.ExecuteCommandAsync("service-1", "start", Cancelled)).Success.ShouldBeTrue();
        await app.ResourceNotifications.WaitForResourceHealthyAsync("service-1", Cancelled);
        var again = await ProcessesAsync(app, 8);
        again.Count.ShouldBe(2);
        again.ShouldContain(left.Single());

        // A stream stays with its replica until that one goes.
        using var stream = await one.GetStreamAsync("/stream", Cancelled);
        using var lines = new StreamReader(stream);
        both.Concat(again).ShouldContain(await lines.ReadLineAsync(Cancelled));
        (await app.ResourceCommands.ExecuteCommandAsync("service", "remember", Cancelled)).Message.ShouldBe("There is no resource 'service'.");
        (await app.ResourceCommands.ExecuteCommandAsync(Service(app), "remember", Cancelled)).Success.ShouldBeTrue();
    }

    [Fact]
    public void Replicas_FewerThanOne_AreRefused() =>
        Should.Throw<DistributedApplicationException>(() => DistributedApplication.CreateBuilder()
            .AddProject<Projects.SmallService>("none", launchProfileName: null).WithReplicas(0)).Message.ShouldContain("say 1 or more");

    [Fact]
    public async Task Table_WhileStarting_NamesEachProcessAndItsState()
    {
        using var screen = new StringWriter();
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var server = builder.AddExecutable("server", "sh", ".", "-c", "sleep 60").WithHttpEndpoint(name: "http");
        builder.AddExecutable("job", "sh", ".", "-c", "echo 'warning: low' >&2").WaitFor(server);
        builder.AddParameter("parameter", "value");
        await using var app = await builder.BuildAsync(Cancelled);
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(screen) });
        console.Profile.Width = 120;
        var progress = app.Services.GetRequiredService<Aspire.Hosting.Running.Progress>();
        var done = new TaskCompletionSource();
        var shown = new StartingTable(console, progress, app.ResourceNotifications, TimeProvider.System).ShowAsync(done.Task);
        await app.StartAsync(Cancelled);
        await app.ResourceNotifications.WaitForResourceAsync("job", KnownResourceStates.Finished, Cancelled);
        done.SetResult();
        await shown;

        var lines = Colours.Strip(screen.ToString()).Split('\n').Select(line => line.Trim()).ToArray();
        lines.ShouldContain("[job] warning: low");
        lines.Last(line => line.StartsWith("server ", StringComparison.Ordinal)).ShouldMatch("^server +healthy +started .* http://localhost:\\d+$");
        lines.Last(line => line.StartsWith("job ", StringComparison.Ordinal)).ShouldMatch("^job +finished +finished");
        screen.ToString().ShouldNotContain("parameter");
    }

    static IResource Service(DistributedApplication app) =>
        app.Services.GetRequiredService<DistributedApplicationModel>().Resources.Single(resource => resource.Name == "service");

    // A connection each, for that is what is handed to the one or the other.
    static HttpClient Client(DistributedApplication app)
    {
        var client = app.CreateHttpClient("service");
        client.DefaultRequestHeaders.ConnectionClose = true;
        return client;
    }

    static async Task<HashSet<string>> ProcessesAsync(DistributedApplication app, int requests)
    {
        using var client = Client(app);
        var seen = new HashSet<string>();
        for (var request = 0; request < requests; request++) seen.Add(await client.GetStringAsync("/process", Cancelled));
        return seen;
    }
}
