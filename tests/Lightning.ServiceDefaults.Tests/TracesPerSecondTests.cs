using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults.Tests;

public class TracesPerSecondTests
{
    const int Most = 20, MostFromElsewhere = 10 * Most;

    [Theory]
    [InlineData(false, Most)]
    [InlineData(true, MostFromElsewhere)]
    public void Traces_BeyondTheAllowance_AreNotRecorded_TheirPartsNeither_AndLaterOnesAre(bool areFromElsewhere, int most)
    {
        using var source = new ActivitySource($"{nameof(TracesPerSecondTests)} {areFromElsewhere}");
        using var tracing = Sdk.CreateTracerProviderBuilder().AddSource(source.Name).SetSampler(new TracesPerSecond(Most)).Build();

        var first = Enumerable.Range(0, 5000).Select(_ => Begin(areFromElsewhere)).ToList();
        first.Take(most).ShouldAllBe(recorded => recorded);
        first.Count(recorded => recorded).ShouldBeInRange(most, 3 * most, "a second or two may have passed meanwhile");
        Begin(!areFromElsewhere).ShouldBeTrue("those that begin here and those that go on do not count for each other");
        SpinWait.SpinUntil(() => Begin(areFromElsewhere), TimeSpan.FromSeconds(30)).ShouldBeTrue("the next second has its own");
        Begin(true, ActivityTraceFlags.None).ShouldBeFalse("what is not recorded elsewhere is not recorded here");

        // A trace and a part of it, both or none: a service that is called meanwhile is told the same.
        bool Begin(bool isFromElsewhere, ActivityTraceFlags flags = ActivityTraceFlags.Recorded)
        {
            Activity.Current = null;
            var elsewhere = isFromElsewhere ? new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), flags, isRemote: true) : default;
            using var begun = source.StartActivity("begun", ActivityKind.Server, elsewhere);
            using var part = source.StartActivity("part");
            (part?.Recorded ?? false).ShouldBe(begun?.Recorded ?? false);
            return begun?.Recorded ?? false;
        }
    }

    [Fact]
    public void Trace_ThatBeginsWhileItsProviderStops_IsNoFault()
    {
        using var source = new ActivitySource(nameof(Trace_ThatBeginsWhileItsProviderStops_IsNoFault));
        var begun = 0;
        using (Sdk.CreateTracerProviderBuilder().AddSource(source.Name).SetSampler(new TracesPerSecond(Most)).AddProcessor(new Stopping(() =>
        {
            using var activity = source.StartActivity("late");
            if (activity is { Recorded: true }) begun++;
        })).Build())
        {
        }
        begun.ShouldBe(1);
    }

    /// <summary>What a provider waits for when it stops, such as an exporter that still sends.</summary>
    sealed class Stopping(Action meanwhile) : BaseProcessor<Activity>
    {
        protected override bool OnShutdown(int timeoutMilliseconds)
        {
            meanwhile();
            return true;
        }
    }

    [Fact]
    public async Task Requests_ThatCallTheirTracesRecorded_AreBelievedAsOftenAsTheAllowanceSays()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        // Nobody listens there.
        builder.Configuration.AddInMemoryCollection([new("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
        builder.AddServiceDefaults();
        builder.Services.AddSingleton(new TracesPerSecond(Most));
        await using var app = builder.Build();
        app.UseServiceDefaults();
        app.MapGet("/recorded", () => Activity.Current is { Recorded: true });
        await app.StartAsync(TestContext.Current.CancellationToken);
        var client = app.GetTestClient();
        var (recorded, clock) = (0, Stopwatch.StartNew());
        for (var i = 0; i < 5000; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/recorded") { Headers = { { "traceparent", $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-01" } } };
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            var isRecorded = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken) == "true";
            if (i < Most) isRecorded.ShouldBeTrue("with few of them");
            if (isRecorded) recorded++;
        }
        recorded.ShouldBeInRange(MostFromElsewhere, MostFromElsewhere * (2 + (int)clock.Elapsed.TotalSeconds));
    }
}
