using Aspire.Hosting.Dashboard.Otlp;

namespace Aspire.Hosting.Dashboard.Telemetry;

/// <summary>A structured log record.</summary>
sealed record LogEntry(
    long Number, DateTime Time, Sender Sender, int Severity, string Category, string Message, string TraceId, string SpanId, Property[] Properties)
{
    /// <summary>The levels as .NET names them, by the numbers of OTLP.</summary>
    public string Level => Severity switch { >= 21 => "Critical", >= 17 => "Error", >= 13 => "Warning", >= 9 => "Information", >= 5 => "Debug", _ => "Trace" };

    public long Size => 200 + 2L * (Category.Length + Message.Length) + Attributes.SizeOf(Properties);
}

/// <summary>The last log records: so many, and of so much memory, as fit.</summary>
sealed class Logs
{
    public const int Kept = 20_000;
    public const long KeptBytes = 48 << 20;

    readonly Lock _lock = new();
    readonly LinkedList<LogEntry> _entries = [];
    long _bytes, _number;

    public long Version => Volatile.Read(ref _number);

    public void Add(ExportLogs export)
    {
        foreach (var resource in export.ResourceLogs)
        {
            var sender = Sender.Of(resource.Resource);
            foreach (var scope in resource.ScopeLogs)
            {
                foreach (var record in scope.LogRecords) Add(sender, scope.Scope?.Name ?? "", record);
            }
        }
    }

    /// <summary>The newest first, that satisfy a condition.</summary>
    public IReadOnlyList<LogEntry> Find(Func<LogEntry, bool> condition, int count, long before = long.MaxValue)
    {
        // What comes in waits for the list alone, not for the search.
        LogEntry[] all;
        lock (_lock) all = [.. _entries];
        return [.. Enumerable.Reverse(all).Where(entry => entry.Number < before && condition(entry)).Take(count)];
    }

    void Add(Sender sender, string category, LogRecord record)
    {
        var time = Attributes.Time(record.TimeUnixNano != 0 ? record.TimeUnixNano : record.ObservedTimeUnixNano);
        var body = Attributes.Cut(Attributes.Text(record.Body), 16 * 1024);
        lock (_lock)
        {
            var entry = new LogEntry(
                _number + 1, time, sender, record.SeverityNumber, Attributes.Cut(category, 300), body, Attributes.Hex(record.TraceId), Attributes.Hex(record.SpanId),
                Attributes.Of(record.Attributes));
            _entries.AddLast(entry);
            _bytes += entry.Size;
            while (_entries.Count > Kept || _bytes > KeptBytes)
            {
                _bytes -= _entries.First!.Value.Size;
                _entries.RemoveFirst();
            }

            Volatile.Write(ref _number, entry.Number);
        }
    }
}
