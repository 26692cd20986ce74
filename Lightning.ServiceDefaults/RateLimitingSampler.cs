using System.Diagnostics;
using System.Threading.RateLimiting;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults;

/// <summary>
/// Samples a limited number of new traces per second: all of them in development, and enough under load. Child spans
/// follow their parent. Remote parents are limited too, at ten times the rate, because a client can mark all of its
/// traces as sampled. The sampler works after its provider is disposed, so it holds no timer and nothing disposable.
/// </summary>
/// <param name="tracesPerSecond">The number of new traces per second.</param>
public sealed class RateLimitingSampler(int tracesPerSecond = RateLimitingSampler.DefaultTracesPerSecond) : Sampler
{
    /// <summary>The default number of new traces per second.</summary>
    public const int DefaultTracesPerSecond = 100;

    /// <summary>Several services call this one, each with as many traces, and several requests per trace.</summary>
    const int RemoteFactor = 10;

    readonly TokenBucketRateLimiter newTraces = PerSecond(tracesPerSecond);
    readonly TokenBucketRateLimiter remoteTraces = PerSecond(tracesPerSecond * RemoteFactor);

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var parent = samplingParameters.ParentContext;
        return new(
            parent.TraceId == default
                ? Take(newTraces)
                : parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) && (!parent.IsRemote || Take(remoteTraces))
        );
    }

    static bool Take(TokenBucketRateLimiter limiter)
    {
        limiter.TryReplenish();
        using var lease = limiter.AttemptAcquire();
        return lease.IsAcquired;
    }

    static TokenBucketRateLimiter PerSecond(int permits) =>
        new(
            new TokenBucketRateLimiterOptions
            {
                TokenLimit = permits,
                TokensPerPeriod = permits,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                AutoReplenishment = false,
            }
        );
}
