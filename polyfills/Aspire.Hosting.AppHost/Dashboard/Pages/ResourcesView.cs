using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>Every resource: its state, its addresses, what may be done to it.</summary>
sealed class ResourcesView(ResourceNotificationService notifications, ResourceCommandService commands) : IView
{
    public string Title => "Resources";

    public string Tab => "Resources";

    public long Version => notifications.Version;

    public Html Frame(Func<string, Html> rowsOf) => Html.Of($"""
        <h1>Resources</h1>
        <div class="wide" tabindex="0" role="region" aria-label="Resources">
        <table class="list">
          <thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Started</th><th scope="col">Type</th><th scope="col">Endpoints</th><th scope="col">Actions</th></tr></thead>
          <tbody data-part="resources">{rowsOf("resources")}</tbody>
        </table>
        </div>
        """);

    public IEnumerable<Part> Parts() => [new("resources", [.. notifications.All().Where(IsShown).Select(change => new Row(change.ResourceId, RowOf(change)))])];

    /// <summary>Parameters and connection strings made of them are values, not things that run.</summary>
    static bool IsShown(ResourceEvent change) => change.Resource is not (ParameterResource or ConnectionStringResource);

    Html RowOf(ResourceEvent change)
    {
        var (id, snapshot) = (change.ResourceId, change.Snapshot);
        return Html.Of($"""
            <tr id="resources-{id}">
              <th scope="row"><a href="/resources/{id}">{id}</a></th>
              <td>{State(snapshot)}</td>
              <td>{(snapshot.StartTimeStamp is { } started ? Elements.Time(started) : default)}</td>
              <td>{TypeOf(change.Resource)}</td>
              <td>{Links(snapshot)}</td>
              <td class="actions">{Actions(change, onlyHighlighted: true)}{Html.If(ResourceRun.IsProcess(change.Resource), $"""<a href="/console?resource={id}" aria-label="Console of {id}">Console</a>""")}</td>
            </tr>
            """);
    }

    /// <summary>Buttons for the commands that make sense now.</summary>
    public Html Actions(ResourceEvent change, bool onlyHighlighted) => Html.Join(change.Resource.Annotations.OfType<ResourceCommandAnnotation>()
        .Where(command => command.IsHighlighted || !onlyHighlighted || command.Name == KnownResourceCommands.RestartCommand)
        .Select(command => (command, state: commands.StateOf(command, change.Snapshot)))
        .Where(pair => pair.state != ResourceCommandState.Hidden)
        .Select(pair => Html.Of($"""
            <form method="post" action="/resources/{change.ResourceId}/commands">
              <input type="hidden" name="command" value="{pair.command.Name}">
              <button{Html.If(pair.state == ResourceCommandState.Disabled, $" disabled")} title="{pair.command.DisplayDescription}" aria-label="{pair.command.DisplayName} {change.ResourceId}"{Html.If(pair.command.ConfirmationMessage is not null, $" data-confirm=\"{pair.command.ConfirmationMessage}\"")}>{pair.command.DisplayName}</button>
            </form>
            """)));

    public static Html State(CustomResourceSnapshot snapshot)
    {
        var text = snapshot.State?.Text ?? "Unknown";
        var kind = text switch
        {
            _ when text == KnownResourceStates.Running => snapshot.HealthStatus switch { HealthStatus.Healthy => "good", null => "busy", _ => "bad" },
            _ when text == KnownResourceStates.Finished => snapshot.ExitCode is null or 0 ? "quiet" : "bad",
            _ when text == KnownResourceStates.Exited || text == KnownResourceStates.FailedToStart => "bad",
            _ => "busy"
        };
        var health = text == KnownResourceStates.Running ? snapshot.HealthStatus switch { HealthStatus.Healthy => "", null => " (health unknown)", _ => $" ({snapshot.HealthStatus})" } : "";
        var code = snapshot.ExitCode is { } exitCode ? $" (exit code {exitCode})" : "";
        return Html.Of($"""<span class="state {kind}">{text}{health}{code}</span>""");
    }

    public static Html Links(CustomResourceSnapshot snapshot) => Html.Join(snapshot.Urls.Select(url => IsLink(url.Url)
        ? Html.Of($"""<a class="endpoint" href="{url.Url}" rel="noreferrer">{(url.Name is null or "http" or "https" ? url.Url : url.Name)}</a> """)
        : Html.Of($"""<span class="endpoint">{url.Url}</span> """)));

    public static string TypeOf(IResource resource) => resource.GetType().Name is var name && name.EndsWith("Resource", StringComparison.Ordinal) ? name[..^8] : name;

    static bool IsLink(string url) => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https";
}
