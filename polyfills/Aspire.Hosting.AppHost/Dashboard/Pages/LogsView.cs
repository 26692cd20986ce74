using System.Globalization;
using Aspire.Hosting.Dashboard.Telemetry;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>Structured log records, the newest first.</summary>
sealed class LogsView(TelemetryStore store, IReadOnlyList<string> resources, LogsQuery query) : IView
{
    const int Shown = 200;
    static readonly (string Value, string Text)[] s_levels =
        [("", "All levels"), ("5", "Debug"), ("9", "Information"), ("13", "Warning"), ("17", "Error"), ("21", "Critical")];

    public string Title => "Structured logs";

    public string Tab => "Structured logs";

    public long Version => store.Logs.Version;

    public Html Frame(Func<string, Html> rowsOf) => Html.Of($"""
        <h1>Structured logs</h1>
        <form class="filter" method="get" action="/logs">
          {Elements.Select("resource", "Resource", resources.Select(id => (id, id)).Prepend(("", "All")), query.Resource)}
          {Elements.Select("level", "Level, at least", s_levels, query.Level)}
          {Elements.Search("With the text", query.Text)}
          {Html.If(query.Trace.Length > 0, $"""<label>Of the trace <input name="trace" value="{query.Trace}"></label>""")}
          <button>Show</button>
        </form>
        <div class="wide" tabindex="0" role="region" aria-label="Log records">
        <table class="list logs">
          <thead><tr><th scope="col">Resource</th><th scope="col">Level</th><th scope="col">Time</th><th scope="col">Message</th><th scope="col">Trace</th></tr></thead>
          <tbody data-part="logs">{rowsOf("logs")}</tbody>
        </table>
        </div>
        <div data-part="more">{rowsOf("more")}</div>
        """);

    public IEnumerable<Part> Parts()
    {
        var found = store.Logs.Find(query.Matches, Shown + 1, query.Before);
        var more = found.Count switch
        {
            0 => Html.Of($"""<p id="more-link">No log records. Services send them every second, once they have something to say.</p>"""),
            > Shown => Html.Of($"""<p id="more-link"><a href="{OlderThan(found[Shown - 1])}">Older ones</a></p>"""),
            _ => Html.Of($"""<p id="more-link"></p>""")
        };
        return [new("logs", [.. found.Take(Shown).Select(entry => new Row(entry.Number.ToString(CultureInfo.InvariantCulture), RowOf(entry)))]), new("more", [new("link", more)])];
    }

    string OlderThan(LogEntry last) => Elements.Url(
        "/logs", ("resource", query.Resource), ("level", query.Level), ("text", query.Text), ("trace", query.Trace),
        ("before", last.Number.ToString(CultureInfo.InvariantCulture)));

    static Html RowOf(LogEntry entry) => Html.Of($"""
        <tr id="logs-{entry.Number}" class="level-{entry.Level}">
          <td><a href="/resources/{entry.Sender.Id}">{Elements.Badge(entry.Sender.Id)}</a></td>
          <td class="level">{entry.Level}</td>
          <td>{Elements.Time(entry.Time)}</td>
          <td><details><summary>{(entry.Message.Length > 0 ? Attributes.Cut(entry.Message, 400) : "(no message)")}</summary>{Details(entry)}</details></td>
          <td>{Html.If(entry.TraceId.Length > 0, $"""<a href="/traces/{entry.TraceId}#span-{entry.SpanId}" aria-label="Trace {Short(entry.TraceId)}">{Short(entry.TraceId)}</a>""")}</td>
        </tr>
        """);

    static string Short(string id) => id.Length > 8 ? id[..8] : id;

    // The template of the message says nothing that the message does not.
    static Html Details(LogEntry entry) => Elements.Properties("Properties", [
        new("Message", entry.Message), new("Category", entry.Category), .. entry.Properties.Where(property => property.Name != "{OriginalFormat}"),
        .. entry.TraceId.Length > 0 ? [new Property("TraceId", entry.TraceId), new Property("SpanId", entry.SpanId)] : Array.Empty<Property>()]);
}

/// <summary>Which log records are wanted.</summary>
sealed record LogsQuery(string Resource, string Level, string Text, string Trace, long Before)
{
    readonly int _severity = int.TryParse(Level, CultureInfo.InvariantCulture, out var severity) ? severity : 0;

    public bool Matches(LogEntry entry) =>
        entry.Severity >= _severity
        && entry.Sender.IsNamed(Resource)
        && (Trace.Length == 0 || entry.TraceId == Trace)
        && (Text.Length == 0 || entry.Message.Contains(Text, StringComparison.OrdinalIgnoreCase) || entry.Category.Contains(Text, StringComparison.OrdinalIgnoreCase)
            || entry.Properties.Any(property => property.Value.Contains(Text, StringComparison.OrdinalIgnoreCase)));
}
