using System.Collections.Concurrent;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Spectre.Console;

namespace Aspire.Hosting.Running;

/// <summary>While the application comes up, a table of its processes that changes in place: for a terminal. Lines go above it.</summary>
sealed class StartingTable(IAnsiConsole console, Progress progress, ResourceNotificationService notifications, TimeProvider clock)
{
    static readonly TimeSpan s_often = TimeSpan.FromMilliseconds(150);
    readonly ConcurrentDictionary<string, string> _notes = new(StringComparer.OrdinalIgnoreCase);
    long _noted;

    public static bool IsPossible => !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities is { Ansi: true, Interactive: true };

    /// <summary>Shows the table on this process's terminal until the task has ended; lines alone follow.</summary>
    public static async Task ShowAsync(IServiceProvider services, Task up)
    {
        var progress = services.GetRequiredService<Progress>();
        await new StartingTable(
            AnsiConsole.Console, progress, services.GetRequiredService<ResourceNotificationService>(), services.GetRequiredService<TimeProvider>()).ShowAsync(up);
        progress.ShowOn(Console.WriteLine);
    }

    /// <summary>Shows the table until the task has ended, then lets it stand.</summary>
    public async Task ShowAsync(Task up)
    {
        progress.ShowOn(line => console.WriteLine(line), (id, what) =>
        {
            _notes[id] = what;
            Interlocked.Increment(ref _noted);
        });
        await console.Live(Draw()).StartAsync(async live =>
        {
            for (var last = -1L; !up.IsCompleted; await Task.WhenAny(up, Task.Delay(s_often, clock)))
            {
                if (notifications.Version + Interlocked.Read(ref _noted) is var now && now == last) continue;
                last = now;
                live.UpdateTarget(Draw());
            }

            live.UpdateTarget(Draw());
        });
    }

    internal Table Draw()
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("resource", "state", "", "address");
        foreach (var change in notifications.All().Where(change => ResourceRun.IsProcess(change.Resource)))
        {
            var snapshot = change.Snapshot;
            var (text, colour) = snapshot switch
            {
                { HealthStatus: HealthStatus.Healthy, State.Text: var state } when state == KnownResourceStates.Running => ("healthy", "green"),
                { State.Text: var state } when state == KnownResourceStates.Running => ("running", "yellow"),
                { State.Text: var state, ExitCode: 0 } when state == KnownResourceStates.Finished => ("finished", "green"),
                { State.Text: var state } when KnownResourceStates.TerminalStates.Contains(state) => (state, "red"),
                _ => (snapshot.State?.Text.ToLower(CultureInfo.InvariantCulture) ?? "", "grey")
            };
            table.AddRow(
                new Text(change.ResourceId),
                new Markup($"[{colour}]{Markup.Escape(text)}[/]"),
                new Text(_notes.GetValueOrDefault(change.ResourceId) ?? ""),
                new Text(snapshot.Urls.FirstOrDefault()?.Url ?? ""));
        }

        return table;
    }
}
