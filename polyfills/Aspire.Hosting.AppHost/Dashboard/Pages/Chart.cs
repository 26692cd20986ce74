using System.Globalization;
using Aspire.Hosting.Dashboard.Telemetry;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>A line of a chart. Where a value is missing the line has a gap.</summary>
sealed record Line(string Label, IReadOnlyList<(DateTime Time, double? Value)> Points, double? Total = null)
{
    public double? Last => Points.Count > 0 ? Points[^1].Value : null;
}

/// <summary>Draws what instruments measured between two times.</summary>
sealed class Chart(DateTime from, DateTime to)
{
    static readonly double[] s_shares = [0.5, 0.9, 0.99];
    const int Width = 320, Height = 90, MostLines = 20, MostPoints = 120;

    public IReadOnlyList<Line> LinesOf(Instrument instrument) => instrument.Measure switch
    {
        Measure.Spread => Percentiles(instrument.Series),
        Measure.Count => [.. instrument.Series.Take(MostLines)
            .Select(series => new Line(series.Label, Rates(Within(series.Points)), series.Points.Count > 0 ? series.Points[^1].Value : null))],
        _ => [.. instrument.Series.Take(MostLines)
            .Select(series => new Line(series.Label, [.. Within(series.Points).Where(point => point.Time >= from).Select(point => (point.Time, (double?)point.Value))]))]
    };

    public static string UnitOf(Instrument instrument)
    {
        var unit = instrument.Unit is ['{', .. var noun, '}'] ? noun : instrument.Unit;
        return instrument.Measure == Measure.Count ? $"{(unit.Length > 0 ? unit : "times")}/s" : unit.Length > 0 ? unit : "value";
    }

    public Html Draw(IReadOnlyList<Line> lines, string unit)
    {
        var top = lines.SelectMany(line => line.Points).Max(point => point.Value) is > 0 and var most ? most : 1;
        var bottom = Math.Min(0, lines.SelectMany(line => line.Points).Min(point => point.Value) ?? 0);
        return Html.Of($"""
            <svg class="chart" viewBox="0 0 {Width} {Height}" preserveAspectRatio="none" role="img"
              aria-label="From {MetricsView.Number(bottom)} to {MetricsView.Number(top)} {unit} between {Clock(from)} and {Clock(to)}">
            <line class="axis" x1="0" x2="{Width}" y1="{Y(0)}" y2="{Y(0)}"></line>
            {lines.Select((line, i) => Html.Join(Strokes(line).Select(stroke => Html.Of($"""<polyline class="s{i % 8}" points="{stroke}"></polyline>"""))))}
            </svg>
            <p class="scale"><span>{Clock(from)}</span><span>up to {MetricsView.Number(top)} {unit}</span><span>{Clock(to)}</span></p>
            """);

        static string Clock(DateTime utc) => utc.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

        double Y(double value) => Height - 4 - (value - bottom) / (top - bottom) * (Height - 8);

        IEnumerable<string> Strokes(Line line)
        {
            var stroke = new List<string>();
            foreach (var (time, value) in Thinned(line.Points))
            {
                if (value is { } known && double.IsFinite(known)) stroke.Add(string.Create(CultureInfo.InvariantCulture, $"{(time - from) / (to - from) * Width:0.#},{Y(known):0.#}"));
                else if (stroke.Count > 0)
                {
                    yield return Ended(stroke);
                    stroke = [];
                }
            }

            if (stroke.Count > 0) yield return Ended(stroke);
        }

        // A point alone is shown as a dash.
        static string Ended(List<string> stroke) => stroke.Count == 1 ? $"{stroke[0]} {stroke[0]}" : string.Join(' ', stroke);
    }

    // The last point before the window gives the first rate in it.
    IReadOnlyList<Point> Within(IReadOnlyList<Point> points)
    {
        var first = 0;
        while (first < points.Count - 1 && points[first + 1].Time < from) first++;
        return [.. points.Skip(first).TakeWhile(point => point.Time <= to)];
    }

    static List<(DateTime, double?)> Rates(IReadOnlyList<Point> points)
    {
        var rates = new List<(DateTime, double?)>();
        for (var i = 1; i < points.Count; i++)
        {
            var grown = points[i].Value - points[i - 1].Value;
            // A process that started again counts from zero.
            rates.Add((points[i].Time, (grown < 0 ? points[i].Value : grown) / (points[i].Time - points[i - 1].Time).TotalSeconds));
        }

        return rates;
    }

    // Of all series together: how the values that came between two points of time are spread.
    IReadOnlyList<Line> Percentiles(IReadOnlyList<Series> all)
    {
        var between = new SortedDictionary<DateTime, (IReadOnlyList<double> Bounds, long[] Counts)>();
        foreach (var series in all)
        {
            var points = Within(series.Points);
            for (var i = 0; i < points.Count; i++)
            {
                var now = points[i].Buckets!;
                // What the first point of all holds came before anybody looked, unless the process has only just begun.
                var before = i > 0 ? points[i - 1].Buckets! : points[0].Time >= from ? null : now;
                var restarted = before is null || before.Count > now.Count || before.Counts.Length != now.Counts.Length;
                var slot = new DateTime(points[i].Time.Ticks / TimeSpan.TicksPerSecond / 5 * 5 * TimeSpan.TicksPerSecond, DateTimeKind.Utc);
                if (!between.TryGetValue(slot, out var sum) || sum.Counts.Length != now.Counts.Length) sum = (now.Bounds, new long[now.Counts.Length]);
                for (var b = 0; b < now.Counts.Length; b++) sum.Counts[b] += now.Counts[b] - (restarted ? 0 : before!.Counts[b]);
                between[slot] = sum;
            }
        }

        return [.. s_shares.Select(share => new Line(
            string.Create(CultureInfo.InvariantCulture, $"p{share * 100:0}"),
            [.. between.Where(pair => pair.Key >= from).Select(pair => (pair.Key, Percentile(pair.Value.Bounds, pair.Value.Counts, share)))]))
            .Select(line => line with { Points = [.. line.Points.Reverse().SkipWhile(point => point.Value is null).Reverse()] })];
    }

    /// <summary>A percentile as far as buckets tell it: by a straight line within the one it falls into. None of no values.</summary>
    internal static double? Percentile(IReadOnlyList<double> bounds, long[] counts, double share)
    {
        var total = counts.Sum();
        if (total <= 0) return null;
        var rank = share * total;
        var seen = 0L;
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] > 0 && seen + counts[i] >= rank)
            {
                if (i == bounds.Count) return bounds.Count > 0 ? bounds[^1] : null; // beyond the last bound nothing is known
                var low = i > 0 ? bounds[i - 1] : Math.Min(0, bounds[0]);
                return low + (bounds[i] - low) * (rank - seen) / counts[i];
            }

            seen += counts[i];
        }

        return bounds.Count > 0 ? bounds[^1] : null;
    }

    static IEnumerable<(DateTime Time, double? Value)> Thinned(IReadOnlyList<(DateTime Time, double? Value)> points)
    {
        var step = Math.Max(1, points.Count / MostPoints);
        for (var i = 0; i < points.Count; i += step)
        {
            // The highest of those that share a place: a peak must not vanish.
            var best = points[i];
            for (var j = i + 1; j < Math.Min(i + step, points.Count); j++)
                if (points[j].Value > best.Value) best = points[j];
            yield return best;
        }
    }
}
