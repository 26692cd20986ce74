using System.Diagnostics;
using System.Threading.RateLimiting;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults;

/// <summary>
/// So many traces begin to be recorded in a second, and no more: all of them while people try things out, and under load enough to see what is slow, at no cost to all others.
/// Metrics count every request. A part is recorded where its trace is; one that goes on from elsewhere is taken at its word ten times as often as traces begin, because nothing tells
/// a service of ours, which has a bound itself, from a client that calls all of its traces recorded.
/// It answers to the end: a provider that stops gives up its sampler first and listens for some seconds more, and what begins meanwhile must not fail for that.
/// So it holds nothing that is given up, no timer either.
/// </summary>
/// <param name="most">How many, in a second.</param>
public sealed class TracesPerSecond(int most = TracesPerSecond.Most) : Sampler
{
    /// <summary>How many where nobody says.</summary>
    public const int Most = 100;

    /// <summary>Replicas of several services go on here, each with as many traces as begin there, and a trace with more than one request.</summary>
    const int GoOnForEachThatBegins = 10;

    readonly TokenBucketRateLimiter begin = PerSecond(most), goOn = PerSecond(most * GoOnForEachThatBegins);

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var parent = samplingParameters.ParentContext;
        return new(parent.TraceId == default ? Take(begin) : parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) && (!parent.IsRemote || Take(goOn)));
    }

    static bool Take(TokenBucketRateLimiter limiter)
    {
        limiter.TryReplenish();
        using var lease = limiter.AttemptAcquire();
        return lease.IsAcquired;
    }

    static TokenBucketRateLimiter PerSecond(int most) =>
        new(new TokenBucketRateLimiterOptions { TokenLimit = most, TokensPerPeriod = most, ReplenishmentPeriod = TimeSpan.FromSeconds(1), AutoReplenishment = false });
}
