using Aspire.Hosting.Dashboard.Otlp;

namespace Aspire.Hosting.Dashboard.Telemetry;

/// <summary>
/// Brings exponential histograms to buckets that stay the same: how fine theirs are, and where they begin, changes with what was measured, and two
/// points of a series could not be compared. Each of these is √2 as wide as the one below, from a millionth to a million million.
/// </summary>
static class Exponential
{
    const int PerOctave = 2, Lowest = -20, Highest = 40;

    /// <summary>So much more memory a series takes than one with a dozen buckets.</summary>
    public const int Weight = 8;

    public static IReadOnlyList<double> Bounds { get; } = [.. Enumerable.Range(0, (Highest - Lowest) * PerOctave + 1).Select(step => Math.Pow(2, Lowest + (double)step / PerOctave))];

    /// <summary>How many values fell into each; what is nought or less is below the first bound.</summary>
    public static long[] Counts(ExponentialPoint point)
    {
        var counts = new long[Bounds.Count + 1];
        counts[0] = (long)point.ZeroCount + (point.Negative?.BucketCounts.Sum(count => (long)count) ?? 0);
        for (var i = 0; i < point.Positive?.BucketCounts.Count; i++)
        {
            // A bucket ends at 2^((index + 1) / 2^scale), which is a bound of ours too unless ours are finer.
            var end = Math.ScaleB((double)point.Positive.Offset + i + 1, -point.Scale);
            counts[(int)Math.Clamp(Math.Ceiling((end - Lowest) * PerOctave), 0, Bounds.Count)] += (long)point.Positive.BucketCounts[i];
        }

        return counts;
    }
}
