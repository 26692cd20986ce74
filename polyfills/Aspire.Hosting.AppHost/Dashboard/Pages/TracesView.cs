using Aspire.Hosting.Dashboard.Telemetry;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>Traces, the newest first.</summary>
sealed class TracesView(TelemetryStore store, IReadOnlyList<string> resources, TracesQuery query) : IView
{
    const int Shown = 200;
    static readonly (string Value, string Text)[] s_kinds = [("", "Requests"), ("failed", "Requests that failed"), ("all", "Everything, background work too")];

    public string Title => "Traces";

    public string Tab => "Traces";

    public long Version => store.Traces.Version;

    public Html Frame(Func<string, Html> rowsOf) => Html.Of($"""
        <h1>Traces</h1>
        <form class="filter" method="get" action="/traces">
          {Elements.Select("resource", "Resource", resources.Select(id => (id, id)).Prepend(("", "All")), query.Resource)}
          {Elements.Select("kind", "Which", s_kinds, query.Kind)}
          {Elements.Search("With the text", query.Text)}
          <button>Show</button>
        </form>
        <div class="wide" tabindex="0" role="region" aria-label="Traces">
        <table class="list">
          <thead><tr><th scope="col">Time</th><th scope="col">Name</th><th scope="col">Duration</th><th scope="col">Result</th><th scope="col">Spans</th></tr></thead>
          <tbody data-part="traces">{rowsOf("traces")}</tbody>
        </table>
        </div>
        """);

    public IEnumerable<Part> Parts() => [new("traces", [.. store.Traces.Find(query.Matches, Shown).Select(trace => new Row(trace.Id, RowOf(trace)))])];

    static Html RowOf(Trace trace) => Html.Of($"""
        <tr id="traces-{trace.Id}">
          <td>{Elements.Time(trace.Start)}</td>
          <td><a href="/traces/{trace.Id}">{trace.Root.Sender.Id}: {trace.Root.Name}</a></td>
          <td class="number">{Elements.Duration(trace.Duration)}</td>
          <td>{(trace.Failed ? Html.Of($"""<span class="state bad">Error</span>""") : Html.Of($"""<span class="state good">OK</span>"""))}</td>
          <td>{trace.Spans.GroupBy(span => span.Sender.Id).Select(group => Html.Of($"""<span class="badge c{Elements.ColourOf(group.Key)}">{group.Key} ({group.Count()})</span> """))}</td>
        </tr>
        """);
}

/// <summary>Which traces are wanted.</summary>
sealed record TracesQuery(string Resource, string Kind, string Text)
{
    const int Server = 2;

    public bool Matches(Trace trace) =>
        (Kind == "all" || trace.Spans.Any(span => span.Kind == Server))
        && (Kind != "failed" || trace.Failed)
        && trace.Spans.Any(span => span.Sender.IsNamed(Resource))
        && (Text.Length == 0 || trace.Id.StartsWith(Text, StringComparison.OrdinalIgnoreCase)
            || trace.Spans.Any(span => span.Name.Contains(Text, StringComparison.OrdinalIgnoreCase) || span.Properties.Any(property => property.Value.Contains(Text, StringComparison.OrdinalIgnoreCase))));
}
