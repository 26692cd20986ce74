using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Lightning.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.AppHost.Tests;

public sealed class OrderTests
{
    // Ends by SIGTERM, after writing its name to the file.
    const string Obedient = """trap 'echo "$1 goes" >> "$2"; exit 0' TERM; echo "$1 is there" >> "$2"; while :; do sleep 1 & wait $!; done""";

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_WithWaits_FollowsThemAndStopReversesThem()
    {
        var journal = Path.GetTempFileName();
        try
        {
            await using var builder = DistributedApplicationTestingBuilder.Create();
            var job = Shell(builder, "job", "sleep 0.3");
            var server = Shell(builder, "server", Obedient, "server", journal).WaitForCompletion(job);
            Shell(builder, "client", Obedient, "client", journal).WaitFor(server);
            await using var app = await builder.BuildAsync(Cancelled);
            await app.StartAsync(Cancelled);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("client", Cancelled);

            Snapshot(app, "job").ExitCode.ShouldBe(0);
            Snapshot(app, "job").State!.Text.ShouldBe(KnownResourceStates.Finished);
            Snapshot(app, "server").StartTimeStamp!.Value.ShouldBeGreaterThanOrEqualTo(Snapshot(app, "job").StopTimeStamp!.Value);
            Snapshot(app, "client").StartTimeStamp!.Value.ShouldBeGreaterThanOrEqualTo(Snapshot(app, "server").StartTimeStamp!.Value);

            // A shell that has not come to its trap yet would die of the signal and say nothing.
            await Wait.UntilAsync(async () => (await File.ReadAllLinesAsync(journal, Cancelled)).Length >= 2);
            await app.StopAsync(Cancelled);
            (await File.ReadAllLinesAsync(journal, Cancelled))[2..].ShouldBe(["client goes", "server goes"]);
        }
        finally
        {
            File.Delete(journal);
        }
    }

    [Fact]
    public async Task Completion_WithAnotherExitCode_FailsThoseWhoWait()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var job = Shell(builder, "job", "echo 'The table is missing: make it.' >&2; exit 3");
        Shell(builder, "server", Obedient).WaitForCompletion(job);
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);

        var failure = await Should.ThrowAsync<DistributedApplicationException>(() => app.ResourceNotifications.WaitForResourceHealthyAsync("server", Cancelled));
        failure.Message.ShouldBe("'job' failed with exit code 3: The table is missing: make it.");
        Snapshot(app, "server").State!.Text.ShouldBe(KnownResourceStates.FailedToStart);
        Snapshot(app, "server").StartTimeStamp.ShouldBeNull();
    }

    [Fact]
    public async Task Stop_OfAProcessThatIgnoresIt_KillsIt()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        Shell(builder, "deaf", "trap '' TERM INT; echo deaf; while :; do sleep 1; done");
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        await foreach (var lines in app.Services.GetRequiredService<ResourceLoggerService>().WatchAsync("deaf"))
        {
            if (lines.Any(line => line.Content == "deaf")) break;
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        await app.StopAsync(Cancelled);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
        Snapshot(app, "deaf").ExitCode.ShouldBe(128 + 9);
    }

    [Fact]
    public async Task Start_OfResourcesThatWaitForEachOther_NamesTheCircle()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var one = Shell(builder, "one", "exit 0");
        one.WaitFor(Shell(builder, "two", "exit 0").WaitFor(one));
        await using var app = await builder.BuildAsync(Cancelled);
        (await Should.ThrowAsync<DistributedApplicationException>(() => app.StartAsync(Cancelled))).Message.ShouldContain("one → two → one");
    }

    [Fact]
    public async Task Start_OfAProgramThatIsNotThere_NamesIt()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddExecutable("tool", "no-such-program", ".");
        await using var app = await builder.BuildAsync(Cancelled);
        await app.StartAsync(Cancelled);
        var failure = await Should.ThrowAsync<DistributedApplicationException>(() => app.ResourceNotifications.WaitForResourceHealthyAsync("tool", Cancelled));
        failure.Message.ShouldContain("no-such-program, which is not on the PATH");
    }

    static IResourceBuilder<ExecutableResource> Shell(IDistributedApplicationBuilder builder, string name, string script, params string[] args) =>
        builder.AddExecutable(name, "sh", ".", ["-c", script, "sh", .. args]);

    static CustomResourceSnapshot Snapshot(DistributedApplication app, string name) =>
        app.ResourceNotifications.TryGetCurrentState(name, out var current) ? current.Snapshot : throw new InvalidOperationException(name);
}
