using Aspire.Hosting.Dashboard.Otlp;

namespace Aspire.Hosting.Dashboard.Telemetry;

/// <summary>A span of a trace.</summary>
sealed record Span(
    string Id, string ParentId, string Name, Sender Sender, string Source, int Kind, DateTime Start, DateTime End, bool Failed, string? Reason,
    Property[] Properties, SpanMoment[] Moments)
{
    public TimeSpan Duration => End - Start;

    public string KindName => Kind switch { 2 => "server", 3 => "client", 4 => "producer", 5 => "consumer", _ => "internal" };

    public long Size => 300 + 2L * (Name.Length + Source.Length + (Reason?.Length ?? 0)) + Attributes.SizeOf(Properties)
        + Moments.Sum(moment => 100 + 2L * moment.Name.Length + Attributes.SizeOf(moment.Properties));
}

/// <summary>Something that happened during a span, such as an exception.</summary>
sealed record SpanMoment(DateTime Time, string Name, Property[] Properties);

/// <summary>A trace as it is known so far; spans arrive in any order and from everybody.</summary>
sealed record Trace(string Id, long Number, IReadOnlyList<Span> Spans, int Omitted)
{
    public DateTime Start { get; } = Spans.Min(span => span.Start);

    public TimeSpan Duration { get; } = Spans.Max(span => span.End) - Spans.Min(span => span.Start);

    public bool Failed { get; } = Spans.Any(span => span.Failed);

    /// <summary>The span that no other known one is the parent of, and that began first.</summary>
    public Span Root { get; } = RootOf(Spans);

    /// <summary>The spans in the order of a waterfall, each with its depth: children after their parent, by their start.</summary>
    public IEnumerable<(Span Span, int Depth)> Waterfall()
    {
        var known = Spans.Select(span => span.Id).ToHashSet(StringComparer.Ordinal);
        var children = Spans.OrderBy(span => span.Start).ToLookup(span => span.ParentId != span.Id && known.Contains(span.ParentId) ? span.ParentId : "", StringComparer.Ordinal);
        var path = new Stack<(Span, int)>(children[""].Reverse().Select(span => (span, 0)));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (path.TryPop(out var next))
        {
            if (!seen.Add(next.Item1.Id)) continue;
            yield return next;
            foreach (var child in children[next.Item1.Id].Reverse()) path.Push((child, next.Item2 + 1));
        }
    }

    static Span RootOf(IReadOnlyList<Span> spans)
    {
        var known = spans.Select(span => span.Id).ToHashSet(StringComparer.Ordinal);
        return spans.Where(span => !known.Contains(span.ParentId)).OrderBy(span => span.Start).FirstOrDefault() ?? spans[0];
    }
}

/// <summary>The last traces: so many, and of so much memory, as fit.</summary>
sealed class Traces
{
    public const int Kept = 10_000, KeptSpans = 2_000;
    public const long KeptBytes = 64 << 20, KeptBytesPerTrace = 16 << 20;

    readonly Lock _lock = new();
    readonly Dictionary<string, Growing> _byId = new(StringComparer.Ordinal);
    readonly LinkedList<Growing> _order = [];
    long _bytes, _number, _version;

    public long Version => Volatile.Read(ref _version);

    public void Add(ExportTraces export)
    {
        foreach (var resource in export.ResourceSpans)
        {
            var sender = Sender.Of(resource.Resource);
            foreach (var scope in resource.ScopeSpans)
            {
                foreach (var record in scope.Spans) Add(Attributes.Hex(record.TraceId), Read(sender, scope.Scope?.Name ?? "", record));
            }
        }
    }

    public Trace? Find(string id)
    {
        lock (_lock) return _byId.TryGetValue(id, out var trace) ? trace.Now() : null;
    }

    /// <summary>The newest first, that satisfy a condition.</summary>
    public IReadOnlyList<Trace> Find(Func<Trace, bool> condition, int count)
    {
        // What comes in waits for the list alone, not for the search.
        Growing[] all;
        lock (_lock) all = [.. _order];
        var found = new List<Trace>();
        for (var i = all.Length - 1; i >= 0 && found.Count < count; i--)
        {
            Trace trace;
            lock (_lock) trace = all[i].Now();
            if (condition(trace)) found.Add(trace);
        }

        return found;
    }

    void Add(string traceId, Span span)
    {
        if (traceId.Length == 0) return;
        lock (_lock)
        {
            if (!_byId.TryGetValue(traceId, out var trace))
            {
                trace = new(traceId, ++_number);
                _byId.Add(traceId, trace);
                _order.AddLast(trace);
            }

            _bytes += trace.Add(span);
            while (_order.Count > Kept || _bytes > KeptBytes)
            {
                var oldest = _order.First!.Value;
                _bytes -= oldest.Bytes;
                _byId.Remove(oldest.Id);
                _order.RemoveFirst();
            }

            Volatile.Write(ref _version, _version + 1);
        }
    }

    static Span Read(Sender sender, string source, SpanRecord record) => new(
        Attributes.Hex(record.SpanId), Attributes.Hex(record.ParentSpanId), Attributes.Cut(record.Name, 500), sender, Attributes.Cut(source, 300), record.Kind,
        Attributes.Time(record.StartTimeUnixNano), Attributes.Time(Math.Max(record.EndTimeUnixNano, record.StartTimeUnixNano)), record.Status?.Code == 2,
        record.Status?.Message is { Length: > 0 } reason ? Attributes.Cut(reason, 2000) : null, Attributes.Of(record.Attributes),
        [.. record.Events.Take(64).Select(moment => new SpanMoment(Attributes.Time(moment.TimeUnixNano), Attributes.Cut(moment.Name, 300), Attributes.Of(moment.Attributes)))]);

    sealed class Growing(string id, long number)
    {
        readonly List<Span> _spans = [];
        Trace? _now;
        int _omitted;

        public string Id { get; } = id;

        public long Bytes { get; private set; } = 300;

        public long Add(Span span)
        {
            _now = null;
            if (_spans.Count >= KeptSpans || Bytes >= KeptBytesPerTrace)
            {
                _omitted++;
                return 0;
            }

            var first = _spans.Count == 0;
            _spans.Add(span);
            Bytes += span.Size;
            return first ? Bytes : span.Size;
        }

        public Trace Now() => _now ??= new(Id, number, [.. _spans], _omitted);
    }
}
