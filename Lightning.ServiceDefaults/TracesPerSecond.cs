using System.Threading.RateLimiting;
using OpenTelemetry.Trace;

namespace Lightning.ServiceDefaults;

/// <summary>
/// So many traces begin to be recorded in a second, and no more: all of them while people try things out, and under load enough to see what is slow, at no cost to all others.
/// Metrics count every request. Use it below a <see cref="ParentBasedSampler"/>, so that a trace that goes on is recorded as it began.
/// </summary>
/// <param name="most">How many, in a second.</param>
public sealed class TracesPerSecond(int most = TracesPerSecond.Most) : Sampler, IDisposable
{
    /// <summary>How many where nobody says.</summary>
    public const int Most = 100;

    readonly TokenBucketRateLimiter limiter = new(new TokenBucketRateLimiterOptions { TokenLimit = most, TokensPerPeriod = most, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0 });

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        using var lease = limiter.AttemptAcquire();
        return new(lease.IsAcquired ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }

    /// <inheritdoc/>
    public void Dispose() => limiter.Dispose();
}
