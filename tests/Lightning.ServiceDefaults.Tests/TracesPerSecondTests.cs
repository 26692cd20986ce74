using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults.Tests;

public class TracesPerSecondTests
{
    [Fact]
    public void Traces_BeyondTheAllowance_AreNotRecorded_TheirPartsNeither_AndLaterOnesAre()
    {
        const int most = 20;
        using var source = new ActivitySource(nameof(TracesPerSecondTests));
        using var sampler = new TracesPerSecond(most);
        using var tracing = Sdk.CreateTracerProviderBuilder().AddSource(source.Name).SetSampler(new ParentBasedSampler(sampler)).Build();

        var first = Enumerable.Range(0, 1000).Select(_ => Begin()).ToList();
        first.Take(most).ShouldAllBe(recorded => recorded);
        first.Count(recorded => recorded).ShouldBeInRange(most, 2 * most, "a second may have passed meanwhile");
        SpinWait.SpinUntil(Begin, TimeSpan.FromSeconds(30)).ShouldBeTrue("the next second has its own");

        // A trace and a part of it, both or none.
        bool Begin()
        {
            Activity.Current = null;
            using var begun = source.StartActivity("begun");
            using var part = source.StartActivity("part");
            (part?.Recorded ?? false).ShouldBe(begun?.Recorded ?? false);
            return begun?.Recorded ?? false;
        }
    }
}
