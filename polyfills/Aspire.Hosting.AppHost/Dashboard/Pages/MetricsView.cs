using System.Globalization;
using Aspire.Hosting.Dashboard.Telemetry;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>The instruments of a resource, each with a chart.</summary>
sealed class MetricsView(TelemetryStore store, IReadOnlyList<string> resources, string asked, string minutes, string text, TimeProvider clock) : IView
{
    static readonly (string Value, string Text)[] s_windows = [("1", "1 minute"), ("5", "5 minutes"), ("30", "30 minutes")];

    public string Title => $"Metrics of {Resource}";

    public string Tab => "Metrics";

    public long Version => store.Metrics.Version;

    public Html Frame(Func<string, Html> rowsOf) => Html.Of($"""
        <h1>Metrics</h1>
        <form class="filter" method="get" action="/metrics">
          {Elements.Select("resource", "Resource", Choices.Select(id => (id, id)), Resource)}
          {Elements.Select("minutes", "The last", s_windows, Minutes)}
          {Elements.Search("Named", text)}
          <button>Show</button>
        </form>
        <div class="metrics" data-part="metrics">{rowsOf("metrics")}</div>
        """);

    public IEnumerable<Part> Parts()
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var window = TimeSpan.FromMinutes(int.Parse(Minutes, CultureInfo.InvariantCulture));
        var found = store.Metrics.Of(Resource)
            .Where(instrument => text.Length == 0 || instrument.Name.Contains(text, StringComparison.OrdinalIgnoreCase) || instrument.Meter.Contains(text, StringComparison.OrdinalIgnoreCase))
            .Select(instrument => new Row(KeyOf(instrument), CardOf(instrument, new Chart(now - window, now)))).DistinctBy(row => row.Key).ToArray();
        return [new("metrics", found.Length > 0 ? found : [new("none", Html.Of($"""<p id="metrics-none">No measurements yet. Services send them every second.</p>"""))])];
    }

    string Minutes => s_windows.Any(window => window.Value == minutes) ? minutes : "5";

    IReadOnlyList<string> Choices => [.. resources.Union(store.Metrics.Senders())];

    // A resource that measures, before one that does not.
    string Resource => asked.Length > 0 ? asked : store.Metrics.Senders() is [var first, ..] ? first : Choices is [var other, ..] ? other : "";

    static string KeyOf(Instrument instrument) => string.Concat($"{instrument.Meter}-{instrument.Name}".Select(character => char.IsAsciiLetterOrDigit(character) ? character : '-'));

    static Html CardOf(Instrument instrument, Chart chart)
    {
        var lines = chart.LinesOf(instrument);
        var unit = Chart.UnitOf(instrument);
        return Html.Of($"""
            <section id="metrics-{KeyOf(instrument)}" aria-label="{instrument.Name}">
              <h2>{instrument.Name}</h2>
              <p class="about">{instrument.Meter}{Html.If(instrument.Description.Length > 0, $" · {instrument.Description}")}</p>
              {chart.Draw(lines, unit)}
              <table class="values">
                <thead><tr><th scope="col">{(instrument.Measure == Measure.Spread ? "Percentile" : "Series")}</th><th scope="col">{unit}</th>{Html.If(instrument.Measure == Measure.Count, $"""<th scope="col">in all</th>""")}</tr></thead>
                <tbody>{lines.Select((line, i) => ValuesOf(line, i, withTotal: instrument.Measure == Measure.Count))}</tbody>
              </table>
              {Html.If(instrument.Measure == Measure.Spread, $"""<p class="about">{Number(instrument.Series.Sum(series => series.Points.Count > 0 ? series.Points[^1].Value : 0))} values in all</p>""")}
              {Html.If(instrument.Omitted > 0, $"""<p class="about">Of the other series nothing is kept: there are too many.</p>""")}
            </section>
            """);
    }

    static Html ValuesOf(Line line, int number, bool withTotal) => Html.Of($"""
        <tr><th scope="row"><span class="key k{number % 8}"></span>{(line.Label.Length > 0 ? line.Label : "all")}</th>
        <td>{Number(line.Last)}</td>{Html.If(withTotal, $"<td>{Number(line.Total)}</td>")}</tr>
        """);

    public static string Number(double? value) => value is not { } number || double.IsNaN(number) ? "–" : Math.Abs(number) switch
    {
        >= 1e9 => string.Create(CultureInfo.InvariantCulture, $"{number / 1e9:0.##} G"),
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{number / 1e6:0.##} M"),
        >= 1e4 => string.Create(CultureInfo.InvariantCulture, $"{number / 1e3:0.#} k"),
        >= 1 or 0 => string.Create(CultureInfo.InvariantCulture, $"{number:0.##}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{number:0.####}")
    };
}
