using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults.Tests;

public class RateLimitingSamplerTests
{
    const int Limit = 20;
    const int RemoteLimit = 10 * Limit;

    [Theory]
    [InlineData(false, Limit)]
    [InlineData(true, RemoteLimit)]
    public void Traces_over_the_limit_are_dropped_until_the_next_second(bool isRemote, int limit)
    {
        using var source = new ActivitySource($"{nameof(RateLimitingSamplerTests)} {isRemote}");
        using var tracing = Sdk.CreateTracerProviderBuilder()
            .AddSource(source.Name)
            .SetSampler(new RateLimitingSampler(Limit))
            .Build();

        var first = Enumerable.Range(0, 5000).Select(_ => Start(isRemote)).ToList();

        first.Take(limit).ShouldAllBe(recorded => recorded);
        first.Count(recorded => recorded).ShouldBeInRange(limit, 3 * limit, "a second or two may have passed");
        Start(!isRemote).ShouldBeTrue("new and remote traces have separate limits");
        SpinWait
            .SpinUntil(() => Start(isRemote), TimeSpan.FromSeconds(30))
            .ShouldBeTrue("the limit is refilled each second");
        Start(true, ActivityTraceFlags.None).ShouldBeFalse("the parent is not sampled");

        // A child span is recorded exactly if its parent is.
        bool Start(bool hasRemoteParent, ActivityTraceFlags flags = ActivityTraceFlags.Recorded)
        {
            Activity.Current = null;
            var parent = hasRemoteParent
                ? new ActivityContext(
                    ActivityTraceId.CreateRandom(),
                    ActivitySpanId.CreateRandom(),
                    flags,
                    isRemote: true
                )
                : default;
            using var root = source.StartActivity("root", ActivityKind.Server, parent);
            using var child = source.StartActivity("child");
            (child?.Recorded ?? false).ShouldBe(root?.Recorded ?? false);
            return root?.Recorded ?? false;
        }
    }

    [Fact]
    public void Trace_started_during_shutdown_is_sampled()
    {
        using var source = new ActivitySource(nameof(Trace_started_during_shutdown_is_sampled));
        var recorded = 0;

        using (
            Sdk.CreateTracerProviderBuilder()
                .AddSource(source.Name)
                .SetSampler(new RateLimitingSampler(Limit))
                .AddProcessor(
                    new ShutdownProcessor(() =>
                    {
                        using var activity = source.StartActivity("late");
                        if (activity is { Recorded: true })
                            recorded++;
                    })
                )
                .Build()
        ) { }

        recorded.ShouldBe(1);
    }

    /// <summary>Runs during shutdown, like an exporter that flushes.</summary>
    sealed class ShutdownProcessor(Action onShutdown) : BaseProcessor<Activity>
    {
        protected override bool OnShutdown(int timeoutMilliseconds)
        {
            onShutdown();
            return true;
        }
    }

    [Fact]
    public async Task Requests_with_a_sampled_parent_are_limited()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        // Nothing listens on this port.
        builder.Configuration.AddInMemoryCollection([new("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
        builder.AddServiceDefaults();
        builder.Services.AddSingleton(new RateLimitingSampler(Limit));
        await using var app = builder.Build();
        app.UseServiceDefaults();
        app.MapGet("/recorded", () => Activity.Current is { Recorded: true });
        await app.StartAsync(TestContext.Current.CancellationToken);
        var client = app.GetTestClient();
        var recorded = 0;
        var clock = Stopwatch.StartNew();

        for (var i = 0; i < 5000; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/recorded")
            {
                Headers =
                {
                    { "traceparent", $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-01" },
                },
            };
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            var isRecorded = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken) == "true";
            if (i < Limit)
                isRecorded.ShouldBeTrue("the limit is not reached");
            if (isRecorded)
                recorded++;
        }

        recorded.ShouldBeInRange(RemoteLimit, RemoteLimit * (2 + (int)clock.Elapsed.TotalSeconds));
    }
}
