using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>One resource: everything known of it, its environment with what is secret hidden.</summary>
sealed class ResourceView(ResourceNotificationService notifications, ResourcesView list, Secrets secrets, string id) : IView
{
    public string Title => id;

    public string Tab => "Resources";

    public long Version => notifications.Version;

    public Html Frame(Func<string, Html> rowsOf) => Html.Of($"""
        <h1>{id}</h1>
        <div data-part="resource">{rowsOf("resource")}</div>
        """);

    public IEnumerable<Part> Parts() =>
        [new("resource", notifications.TryGetCurrentState(id, out var change) ? [new("all", All(change))] : [new("none", Html.Of($"""<p id="resource-none">There is no such resource.</p>"""))])];

    Html All(ResourceEvent change)
    {
        var (resource, snapshot) = (change.Resource, change.Snapshot);
        var process = snapshot.State?.Text == KnownResourceStates.Running ? snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value : null;
        return Html.Of($"""
            <div id="resource-all">
            <div class="actions">{list.Actions(change, onlyHighlighted: false)}</div>
            {Html.If(ResourceRun.IsProcess(resource), $"""
              <p class="links"><a href="{Elements.Url("/console", ("resource", id))}">Console</a> <a href="{Elements.Url("/logs", ("resource", id))}">Structured logs</a>
              <a href="{Elements.Url("/traces", ("resource", id))}">Traces</a> <a href="{Elements.Url("/metrics", ("resource", id))}">Metrics</a></p>
              """)}
            <table class="properties"><caption>Resource</caption><tbody>
              <tr><th scope="row">State</th><td>{ResourcesView.State(snapshot)}</td></tr>
              <tr><th scope="row">Type</th><td>{ResourcesView.TypeOf(resource)}</td></tr>
              {Html.If(process is not null, $"""<tr><th scope="row">Process</th><td>{$"{process}"}</td></tr>""")}
              {Fact("Started", snapshot.StartTimeStamp)}{Fact("Ended", snapshot.StopTimeStamp)}
              {Html.If(snapshot.Failure is not null, $"""<tr><th scope="row">Failure</th><td>{snapshot.Failure}</td></tr>""")}
              {Html.If(snapshot.Urls.Length > 0, $"""<tr><th scope="row">Endpoints</th><td>{ResourcesView.Links(snapshot)}</td></tr>""")}
              {Html.If(resource.GetReplicaCount() > 1, $"""<tr><th scope="row">Replicas</th><td>{Instance.AllOf(resource).Select(other => Html.Of($"""<a href="/resources/{other.Id}">{other.Id}</a> """))}</td></tr>""")}
              {Html.If(Circles.Needs(resource).Any(), $"""<tr><th scope="row">Waits for</th><td>{Circles.Needs(resource).SelectMany(Instance.AllOf).DistinctBy(other => other.Id).Select(other => Html.Of($"""<a href="/resources/{other.Id}">{other.Id}</a> """))}</td></tr>""")}
            </tbody></table>
            {Html.If(snapshot.HealthReports.Length > 0, $"""
              <table class="properties"><caption>Health checks</caption><tbody>{snapshot.HealthReports.Select(report => Html.Of(
                $"""<tr><th scope="row">{report.Name}</th><td>{report.Status?.ToString()} {report.Description} {report.ExceptionText}</td></tr>"""))}</tbody></table>
              """)}
            {Html.If(snapshot.EnvironmentVariables.Length > 0, $"""
              <table class="properties"><caption>Environment</caption><tbody>{snapshot.EnvironmentVariables.OrderBy(variable => variable.Name, StringComparer.Ordinal).Select(variable => Html.Of(
                $"""<tr><th scope="row">{variable.Name}</th><td>{secrets.Mask(variable.Name, variable.Value ?? "")}</td></tr>"""))}</tbody></table>
              """)}
            </div>
            """);
    }

    static Html Fact(string name, DateTime? time) => time is { } known
        ? Html.Of($"""<tr><th scope="row">{name}</th><td>{known.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}</td></tr>""")
        : default;
}
