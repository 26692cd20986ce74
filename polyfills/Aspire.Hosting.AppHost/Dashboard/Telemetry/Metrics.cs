using Aspire.Hosting.Dashboard.Otlp;

namespace Aspire.Hosting.Dashboard.Telemetry;

/// <summary>What an instrument measures.</summary>
enum Measure
{
    /// <summary>How much there is.</summary>
    Value,

    /// <summary>How much there has been; shown as so much a second.</summary>
    Count,

    /// <summary>How values are spread.</summary>
    Spread
}

/// <summary>An instrument of one sender, with what is known of it.</summary>
sealed record Instrument(Sender Sender, string Meter, string Name, string Unit, string Description, Measure Measure, IReadOnlyList<Series> Series, int Omitted);

/// <summary>The points of one set of attributes, the oldest first.</summary>
sealed record Series(string Label, IReadOnlyList<Point> Points);

/// <summary>A value at a time; of a spread its count and how many fell into each bucket, since the process started.</summary>
readonly record struct Point(DateTime Time, double Value, Buckets? Buckets = null);

/// <summary>How many values a spread has had, and where.</summary>
sealed record Buckets(long Count, double Sum, IReadOnlyList<double> Bounds, long[] Counts);

/// <summary>Half an hour of every instrument, of so many series as fit.</summary>
sealed class Metrics
{
    public const int KeptSeries = 3_000, KeptSpreads = 500, KeptPerInstrument = 100;
    const int Delta = 1; // as OTLP numbers temporalities
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(30);

    static readonly TimeSpan s_export = TimeSpan.FromSeconds(1);
    readonly Lock _lock = new();
    readonly Dictionary<(string Sender, string Meter, string Name), Recorded> _instruments = [];
    int _series, _spreads;
    long _version;

    public long Version => Volatile.Read(ref _version);

    public void Add(ExportMetrics export)
    {
        lock (_lock)
        {
            foreach (var resource in export.ResourceMetrics)
            {
                var sender = Sender.Of(resource.Resource);
                foreach (var scope in resource.ScopeMetrics)
                {
                    foreach (var metric in scope.Metrics) Add(sender, Attributes.Cut(scope.Scope?.Name ?? "", 300), metric);
                }
            }

            Volatile.Write(ref _version, _version + 1);
        }
    }

    /// <summary>The instruments of a sender: its own before those of frameworks, by meter and name.</summary>
    public IReadOnlyList<Instrument> Of(string sender)
    {
        lock (_lock)
        {
            return [.. _instruments.Values.Where(instrument => instrument.Sender.Id == sender).Select(instrument => instrument.Now())
                .OrderBy(instrument => IsOfFramework(instrument.Meter)).ThenBy(instrument => instrument.Meter, StringComparer.Ordinal).ThenBy(instrument => instrument.Name, StringComparer.Ordinal)];
        }
    }

    public IReadOnlyList<string> Senders()
    {
        lock (_lock) return [.. _instruments.Values.Select(instrument => instrument.Sender.Id).Distinct().Order(StringComparer.Ordinal)];
    }

    static bool IsOfFramework(string meter) => meter is "Npgsql" || meter.StartsWith("System.", StringComparison.Ordinal)
        || meter.StartsWith("Microsoft.", StringComparison.Ordinal) || meter.StartsWith("OpenTelemetry.", StringComparison.Ordinal);

    void Add(Sender sender, string meter, MetricRecord metric)
    {
        var measure = metric.DataCase switch
        {
            MetricRecord.DataOneofCase.Histogram or MetricRecord.DataOneofCase.ExponentialHistogram => Measure.Spread,
            MetricRecord.DataOneofCase.Sum when metric.Sum.IsMonotonic => Measure.Count,
            MetricRecord.DataOneofCase.Sum or MetricRecord.DataOneofCase.Gauge => Measure.Value,
            _ => (Measure?)null
        };
        if (measure is null) return; // a kind that .NET's instruments do not make
        var name = Attributes.Cut(metric.Name, 300);
        if (!_instruments.TryGetValue((sender.Id, meter, name), out var instrument))
        {
            if (_series >= KeptSeries) return;
            instrument = new(sender, meter, name, Attributes.Cut(metric.Unit, 60), Attributes.Cut(metric.Description, 1000), measure.Value);
            _instruments.Add((sender.Id, meter, name), instrument);
        }

        if (instrument.Measure != measure) return;
        switch (metric.DataCase)
        {
            case MetricRecord.DataOneofCase.Histogram:
                foreach (var point in metric.Histogram.DataPoints) Add(instrument, point, metric.Histogram.AggregationTemporality);
                break;
            case MetricRecord.DataOneofCase.ExponentialHistogram:
                foreach (var point in metric.ExponentialHistogram.DataPoints) Add(instrument, point, metric.ExponentialHistogram.AggregationTemporality);
                break;
            case MetricRecord.DataOneofCase.Sum:
                foreach (var point in metric.Sum.DataPoints) Add(instrument, point, metric.Sum.AggregationTemporality);
                break;
            default:
                foreach (var point in metric.Gauge.DataPoints) Add(instrument, point, temporality: 0);
                break;
        }
    }

    void Add(Recorded instrument, NumberPoint point, int temporality)
    {
        var value = point.ValueCase == NumberPoint.ValueOneofCase.AsInt ? point.AsInt : point.AsDouble;
        if (SeriesOf(instrument, point.Attributes) is not { } series) return;
        if (temporality == Delta && series.Last is { } last) value += last.Value;
        var time = Attributes.Time(point.TimeUnixNano);
        // A count that is new here has grown from nothing since the last export.
        if (instrument.Measure == Measure.Count && series.Last is null) series.Add(new(Latest(Attributes.Time(point.StartTimeUnixNano), time - s_export), 0));
        series.Add(new(time, value));
    }

    void Add(Recorded instrument, HistogramPoint point, int temporality)
    {
        if (point.ExplicitBounds.Count > 200 || point.BucketCounts.Count != point.ExplicitBounds.Count + 1) return; // without buckets there is no spread to show
        if (SeriesOf(instrument, point.Attributes) is not { } series) return;
        // The bounds of a series never change, so all its points share one list.
        IReadOnlyList<double> bounds = series.Last?.Buckets?.Bounds is { } known && known.SequenceEqual(point.ExplicitBounds) ? known : [.. point.ExplicitBounds];
        Add(series, Attributes.Time(point.TimeUnixNano), (long)point.Count, point.Sum, bounds, [.. point.BucketCounts.Select(count => (long)count)], temporality);
    }

    void Add(Recorded instrument, ExponentialPoint point, int temporality)
    {
        if (point.Positive?.BucketCounts.Count > 1000 || SeriesOf(instrument, point.Attributes, Exponential.Weight) is not { } series) return;
        Add(series, Attributes.Time(point.TimeUnixNano), (long)point.Count, point.Sum, Exponential.Bounds, Exponential.Counts(point), temporality);
    }

    static void Add(Points series, DateTime time, long count, double sum, IReadOnlyList<double> bounds, long[] counts, int temporality)
    {
        if (temporality == Delta && series.Last?.Buckets is { } last && last.Counts.Length == counts.Length)
        {
            (count, sum) = (count + last.Count, sum + last.Sum);
            for (var i = 0; i < counts.Length; i++) counts[i] += last.Counts[i];
        }

        series.Add(new(time, count, new(count, sum, bounds, counts)));
    }

    static DateTime Latest(DateTime one, DateTime other) => one > other ? one : other;

    Points? SeriesOf(Recorded instrument, IEnumerable<KeyValue> attributes, int weight = 1)
    {
        var label = string.Join(", ", Attributes.Of(attributes).OrderBy(property => property.Name, StringComparer.Ordinal).Select(property => $"{property.Name}={property.Value}"));
        label = Attributes.Cut(label, 500);
        if (instrument.Series.TryGetValue(label, out var known)) return known;
        var full = instrument.Series.Count >= KeptPerInstrument || _series >= KeptSeries || instrument.Measure == Measure.Spread && _spreads + weight > KeptSpreads;
        if (full)
        {
            instrument.Omitted++;
            return null;
        }

        _series++;
        if (instrument.Measure == Measure.Spread) _spreads += weight;
        // A spread's point is a dozen numbers: fewer of them are kept.
        return instrument.Series[label] = new(TimeSpan.FromSeconds(instrument.Measure == Measure.Spread ? 5 : 2));
    }

    sealed class Recorded(Sender sender, string meter, string name, string unit, string description, Measure measure)
    {
        public Sender Sender { get; } = sender;

        public Measure Measure { get; } = measure;

        public SortedDictionary<string, Points> Series { get; } = new(StringComparer.Ordinal);

        public int Omitted { get; set; }

        public Instrument Now() => new(Sender, meter, name, unit, description, Measure, [.. Series.Select(pair => new Series(pair.Key, pair.Value.Now()))], Omitted);
    }

    sealed class Points(TimeSpan apart)
    {
        readonly List<Point> _points = [];

        public Point? Last => _points.Count > 0 ? _points[^1] : null;

        // The last point moves on with time until it is far enough from the one before it.
        public void Add(Point point)
        {
            if (_points.Count > 0 && point.Time <= _points[^1].Time) return;
            if (_points.Count > 1 && _points[^1].Time - _points[^2].Time < apart) _points[^1] = point;
            else _points.Add(point);
            var old = _points.FindIndex(kept => kept.Time >= point.Time - Kept);
            if (old > 60) _points.RemoveRange(0, old);
        }

        public IReadOnlyList<Point> Now() => [.. _points];
    }
}
