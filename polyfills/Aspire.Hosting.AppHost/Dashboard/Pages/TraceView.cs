using Aspire.Hosting.Dashboard.Telemetry;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>One trace as a waterfall: every span opens to what is known of it and to what was logged during it.</summary>
sealed class TraceView(TelemetryStore store, string id) : IView
{
    public string Title => store.Traces.Find(id) is { } trace ? trace.Root.Name : "Trace";

    public string Tab => "Traces";

    public long Version => store.Traces.Version + store.Logs.Version;

    public Html Frame(Func<string, Html> rowsOf) => Html.Of($"""
        <div data-part="trace">{rowsOf("trace")}</div>
        <ol class="waterfall" data-part="span" aria-label="Spans">{rowsOf("span")}</ol>
        """);

    public IEnumerable<Part> Parts()
    {
        if (store.Traces.Find(id) is not { } trace)
        {
            return [new("trace", [new("none", Html.Of($"""<div id="trace-none">{Layout.NotFound()}</div>"""))]), new("span", [])];
        }

        var logs = store.Logs.Find(entry => entry.TraceId == id, 1000);
        var bySpan = logs.OrderBy(entry => entry.Time).ToLookup(entry => entry.SpanId, StringComparer.Ordinal);
        var head = Html.Of($"""
            <div id="trace-head"><h1>{trace.Root.Sender.Id}: {trace.Root.Name}</h1>
            <p>{Elements.Time(trace.Start)} · {Elements.Duration(trace.Duration)} · {trace.Spans.Count} spans{Html.If(trace.Omitted > 0, $" ({trace.Omitted} more were not kept)")} ·
            <a href="{Elements.Url("/logs", ("trace", id))}">{logs.Count} log records</a> · <code>{id}</code></p></div>
            """);
        return
        [
            new("trace", [new("head", head)]),
            new("span", [.. trace.Waterfall().Select(pair => new Row(pair.Span.Id, RowOf(trace, pair.Span, pair.Depth, bySpan[pair.Span.Id])))])
        ];
    }

    static Html Exception(LogEntry entry)
    {
        var exception = entry.Properties.Where(property => property.Name.StartsWith("exception.", StringComparison.Ordinal)).ToArray();
        return Html.If(exception.Length > 0, $"{Elements.Properties("Exception", exception)}");
    }

    static Html RowOf(Trace trace, Span span, int depth, IEnumerable<LogEntry> logs)
    {
        var whole = Math.Max(trace.Duration.Ticks, 1);
        var left = (span.Start - trace.Start).Ticks * 100.0 / whole;
        var width = Math.Max(span.Duration.Ticks * 100.0 / whole, 0.3);
        var moments = span.Moments.Select(moment => Elements.Properties(
            $"{moment.Name}, {Elements.Duration(moment.Time - span.Start)} after its start", moment.Properties));
        return Html.Of($"""
            <li id="span-{span.Id}" class="depth-{Math.Min(depth, 12)}">
            <details>
              <summary>
                <span class="what">{Elements.Badge(span.Sender.Id)} <span class="name">{span.Name}</span>{Html.If(span.Failed, $""" <span class="state bad">Error</span>""")}</span>
                <span class="took">{Elements.Duration(span.Duration)}</span>
                <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="f{Elements.ColourOf(span.Sender.Id)}" x="{left}" y="1" width="{width}" height="8"></rect></svg>
              </summary>
              {Elements.Properties("Span", [
                  new("Resource", span.Sender.Id), new("Source", span.Source), new("Kind", span.KindName),
                  new("Starts after", Elements.Duration(span.Start - trace.Start)), new("SpanId", span.Id), .. span.Reason is null ? Array.Empty<Property>() : [new("Reason", span.Reason)],
                  .. span.Properties])}
              {moments}
              {logs.Select(entry => Html.Of($"""<div class="log level-{entry.Level}"><p>{Elements.Time(entry.Time)} <span class="level">{entry.Level}</span> {entry.Message}</p>{Exception(entry)}</div>"""))}
            </details>
            </li>
            """);
    }
}
