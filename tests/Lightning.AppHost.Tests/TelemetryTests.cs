using System.Diagnostics;
using System.Diagnostics.Metrics;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Dashboard.Otlp;
using Aspire.Hosting.Dashboard.Pages;
using Aspire.Hosting.Dashboard.Telemetry;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using LogRecord = Aspire.Hosting.Dashboard.Otlp.LogRecord;
using Trace = Aspire.Hosting.Dashboard.Telemetry.Trace;

namespace Lightning.AppHost.Tests;

/// <summary>What the dashboard makes of telemetry, sent by the exporter itself, and how much of it it keeps. Alone, because memory is the whole process's.</summary>
[Collection(nameof(TelemetryTests)), CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
public sealed partial class TelemetryTests(DashboardApp dashboard)
{
    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Payloads_OfTheExporterItself_AreReadWhole()
    {
        await dashboard.StartAsync(Cancelled);
        var endpoint = await dashboard.EnvironmentAsync("OTEL_EXPORTER_OTLP_ENDPOINT", Cancelled);
        var headers = await dashboard.EnvironmentAsync("OTEL_EXPORTER_OTLP_HEADERS", Cancelled);
        void To(OtlpExporterOptions options, string signal) =>
            (options.Endpoint, options.Headers, options.Protocol) = (new($"{endpoint}/v1/{signal}"), headers, OtlpExportProtocol.HttpProtobuf);
        var resource = ResourceBuilder.CreateEmpty().AddService("exporter", serviceInstanceId: "exporter-7", autoGenerateServiceInstanceId: false);

        using var source = new ActivitySource("Tests.Exporter");
        using var meter = new Meter("Tests.Exporter");
        ActivityTraceId traceId;
        using (var traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(source.Name).AddOtlpExporter(options => To(options, "traces")).Build())
        using (var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(meter.Name).AddView("tests.fine", new Base2ExponentialBucketHistogramConfiguration()).AddOtlpExporter(options => To(options, "metrics")).Build())
        using (var logs = LoggerFactory.Create(logging => logging.AddOpenTelemetry(options =>
        {
            options.SetResourceBuilder(resource);
            options.IncludeFormattedMessage = true;
            options.AddOtlpExporter(exporter => To(exporter, "logs"));
        })))
        {
            using (var parent = source.StartActivity("outer", ActivityKind.Server)!)
            {
                traceId = parent.TraceId;
                using var child = source.StartActivity("inner", ActivityKind.Client)!;
                child.SetTag("text", "värde").SetTag("whole", 42L).SetTag("part", 0.5).SetTag("yes", true).SetTag("many", new[] { "a", "b" });
                child.AddException(new InvalidOperationException("It broke."));
                child.SetStatus(ActivityStatusCode.Error, "broken");
                Lost(logs.CreateLogger("Tests.Category"), 3, "<b>sheep</b>");
            }

            meter.CreateCounter<long>("tests.count", "{sheep}", "Sheep that were counted.").Add(5, new KeyValuePair<string, object?>("kind", "black"));
            meter.CreateUpDownCounter<int>("tests.level").Add(-2);
            var spread = meter.CreateHistogram<double>("tests.spread", "s");
            var fine = meter.CreateHistogram<double>("tests.fine", "s");
            foreach (var value in (double[])[0.5, 7, 7, 40])
            {
                spread.Record(value);
                fine.Record(value);
            }

            fine.Record(0);
        }

        var telemetry = dashboard.Dashboard.Telemetry;
        var trace = telemetry.Traces.Find(traceId.ToHexString()).ShouldNotBeNull();
        var waterfall = trace.Waterfall().ToArray();
        waterfall.Select(pair => (pair.Span.Name, pair.Depth)).ShouldBe([("outer", 0), ("inner", 1)]);
        trace.Root.Sender.ShouldBe(new Sender("exporter", "exporter-7"));
        var inner = waterfall[1].Span;
        (inner.KindName, inner.Source, inner.Failed, inner.Reason).ShouldBe(("client", "Tests.Exporter", true, "broken"));
        inner.Properties.ShouldBe([new("text", "värde"), new("whole", "42"), new("part", "0.5"), new("yes", "true"), new("many", "[a, b]")]);
        inner.Moments.Single().Properties.ShouldContain(new Property("exception.message", "It broke."));
        (inner.Start >= waterfall[0].Span.Start && inner.End <= waterfall[0].Span.End).ShouldBeTrue();

        var entry = telemetry.Logs.Find(log => log.TraceId == traceId.ToHexString(), 10).ShouldHaveSingleItem();
        (entry.Level, entry.Category, entry.Message, entry.SpanId).ShouldBe(("Warning", "Tests.Category", "3 of <b>sheep</b> are lost.", inner.Id));
        entry.Properties.ShouldContain(new Property("Count", "3"));

        var instruments = telemetry.Metrics.Of("exporter-7");
        instruments.Select(instrument => (instrument.Name, instrument.Measure)).ShouldBe([("tests.count", Measure.Count), ("tests.fine", Measure.Spread), ("tests.level", Measure.Value), ("tests.spread", Measure.Spread)]);
        (instruments[0].Unit, instruments[0].Description, instruments[0].Series.Single().Label).ShouldBe(("{sheep}", "Sheep that were counted.", "kind=black"));
        instruments[0].Series[0].Points[^1].Value.ShouldBe(5);
        var exponential = instruments[1].Series[0].Points[^1].Buckets.ShouldNotBeNull();
        (exponential.Count, exponential.Sum, exponential.Counts.Sum(), exponential.Counts[0]).ShouldBe((5, 54.5, 5, 1));
        Chart.Percentile(exponential.Bounds, exponential.Counts, 0.6)!.Value.ShouldBeInRange(7 / Math.Sqrt(2), 7 * Math.Sqrt(2));
        Chart.Percentile(exponential.Bounds, exponential.Counts, 0.99)!.Value.ShouldBeInRange(40 / Math.Sqrt(2), 40 * Math.Sqrt(2));
        instruments[2].Series[0].Points[^1].Value.ShouldBe(-2);
        var buckets = instruments[3].Series[0].Points[^1].Buckets.ShouldNotBeNull();
        (buckets.Count, buckets.Sum).ShouldBe((4, 54.5));
        buckets.Counts.Sum().ShouldBe(4);
        Chart.Percentile(buckets.Bounds, buckets.Counts, 0.5)!.Value.ShouldBeInRange(5, 10);
    }

    [Fact]
    public void Telemetry_MoreThanFits_KeepsTheNewestInBoundedMemory()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var store = new TelemetryStore();
        var long_ = new string('x', 3000);
        for (var batch = 0; batch < 400; batch++)
        {
            var scope = new ScopeLogs { Scope = new() { Name = "flood" } };
            var spans = new ScopeSpans { Scope = new() { Name = "flood" } };
            for (var i = 0; i < 100; i++)
            {
                var number = batch * 100 + i;
                scope.LogRecords.Add(new LogRecord { TimeUnixNano = (ulong)number, Body = new() { StringValue = $"{number} {long_}" } });
                var id = ByteString.CopyFrom([.. BitConverter.GetBytes(number + 1L), .. new byte[8]]);
                spans.Spans.Add(new SpanRecord
                {
                    TraceId = id,
                    SpanId = ByteString.CopyFrom(BitConverter.GetBytes(number + 1L)),
                    Name = $"{number}",
                    Kind = 2,
                    Attributes = { new KeyValue { Key = "text", Value = new() { StringValue = $"{number} {long_}" } } }
                });
            }

            store.Logs.Add(new() { ResourceLogs = { new ResourceLogs { ScopeLogs = { scope } } } });
            store.Traces.Add(new() { ResourceSpans = { new ResourceSpans { ScopeSpans = { spans } } } });
        }

        for (var sender = 0; sender < 50; sender++)
        {
            var metrics = new ScopeMetrics { Scope = new() { Name = "flood" } };
            for (var instrument = 0; instrument < 4; instrument++)
            {
                var record = new MetricRecord { Name = $"m{instrument}", Histogram = new() { AggregationTemporality = 2 } };
                for (var series = 0; series < 150; series++)
                {
                    record.Histogram.DataPoints.Add(new HistogramPoint
                    {
                        TimeUnixNano = 1,
                        Count = 1,
                        Sum = 1,
                        BucketCounts = { 1, 0 },
                        ExplicitBounds = { 1 },
                        Attributes = { new KeyValue { Key = "n", Value = new() { IntValue = series } } }
                    });
                }

                metrics.Metrics.Add(record);
            }

            var source = new Source { Attributes = { new KeyValue { Key = "service.name", Value = new() { StringValue = $"s{sender}" } } } };
            store.Metrics.Add(new() { ResourceMetrics = { new ResourceMetrics { Resource = source, ScopeMetrics = { metrics } } } });
        }

        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(Logs.KeptBytes + Traces.KeptBytes + (32L << 20));
        var logs = store.Logs.Find(_ => true, int.MaxValue);
        logs[0].Message.ShouldStartWith("39999 ");
        logs.Count.ShouldBeInRange(2000, Logs.Kept);
        var traces = store.Traces.Find(_ => true, int.MaxValue);
        traces[0].Root.Name.ShouldBe("39999");
        traces.Count.ShouldBeInRange(2000, Traces.Kept);
        var instruments = Enumerable.Range(0, 50).SelectMany(sender => store.Metrics.Of($"s{sender}")).ToArray();
        instruments.ShouldAllBe(instrument => instrument.Series.Count <= Metrics.KeptPerInstrument);
        instruments.Sum(instrument => instrument.Series.Count).ShouldBe(Metrics.KeptSpreads);
        instruments.ShouldAllBe(instrument => instrument.Omitted >= 50);
        GC.KeepAlive(store);
    }

    [Fact]
    public void Trace_OfSpansWithoutOrWithStrangeParents_IsShownOnceEach()
    {
        Span Of(string id, string parent, int start) => new(id, parent, id, new("s", "s"), "", 1, DateTime.UnixEpoch.AddSeconds(start), DateTime.UnixEpoch.AddSeconds(start + 1), false, null, [], []);
        var trace = new Trace("t", 1, [Of("late", "lost", 5), Of("child", "root", 2), Of("self", "self", 3), Of("root", "", 1), Of("a", "b", 4), Of("b", "a", 4)], 0);
        trace.Root.Id.ShouldBe("root");
        trace.Waterfall().Select(pair => (pair.Span.Id, pair.Depth)).ShouldBe([("root", 0), ("child", 1), ("self", 0), ("late", 0)]);
    }

    [Theory]
    [InlineData("\u001b[32minfo\u001b[0m: \u001b[1;31mx<y\u001b[39;22m & z\u001b[K\u001b]0;title\u0007", "<span class=\"a32\">info</span>: <span class=\"a31 bold\">x&lt;y</span> &amp; z")]
    [InlineData("plain <script>", "plain &lt;script&gt;")]
    [InlineData("\u001b[38;5;208morange", "orange")]
    public void Output_WithColours_KeepsThoseAndNothingElse(string written, string html) => ConsoleView.Coloured(written).ToString().ShouldBe(html);

    [Fact]
    public void Percentile_OfBuckets_IsALineWithinTheOneItFallsInto()
    {
        Chart.Percentile([10, 20], [5, 5, 0], 0.5).ShouldBe(10);
        Chart.Percentile([10, 20], [5, 5, 0], 0.9)!.Value.ShouldBe(18, 0.001);
        Chart.Percentile([10, 20], [0, 0, 3], 0.5).ShouldBe(20);
        Chart.Percentile([10, 20], [0, 0, 0], 0.5).ShouldBeNull();
    }

    // Buckets as the specification draws them: of scale s, that of index i ends at 2^((i + 1) / 2^s).
    [Theory]
    [InlineData(0, 3, 16)]
    [InlineData(1, 3, 4)]
    [InlineData(2, 3, 2)]
    [InlineData(2, 4, 2.8284271247461903)]
    [InlineData(-1, 0, 4)]
    [InlineData(20, 0, 1.4142135623730951)]
    [InlineData(0, -200, 9.5367431640625E-07)]
    [InlineData(0, 200, 0)]
    public void Exponential_BucketOfAnyScale_FallsIntoTheOneThatHoldsItsEnd(int scale, int index, double end)
    {
        var counts = Exponential.Counts(new() { Scale = scale, Positive = new() { Offset = index, BucketCounts = { 7 } } });
        var into = Array.IndexOf(counts, 7);
        (into < Exponential.Bounds.Count ? Exponential.Bounds[into] : 0).ShouldBe(end, 1e-9 * (1 + end));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} of {What} are lost.")]
    private static partial void Lost(ILogger logger, int count, string what);
}
