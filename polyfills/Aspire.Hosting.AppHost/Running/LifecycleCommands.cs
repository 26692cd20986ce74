using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Start, stop and restart: the commands that every process has.</summary>
static class LifecycleCommands
{
    public static void AddTo(IResource resource, Func<string, ResourceRun> runOf)
    {
        Add(KnownResourceCommands.StartCommand, "Start", "Starts the resource.", "Play", IconVariant.Filled, isHighlighted: true,
            state => IsAtRest(state) ? ResourceCommandState.Enabled : state == KnownResourceStates.Waiting || state == KnownResourceStates.Starting ? ResourceCommandState.Disabled : ResourceCommandState.Hidden,
            (run, ct) => run.StartAgainAsync(ct));
        Add(KnownResourceCommands.StopCommand, "Stop", "Stops the resource.", "Stop", IconVariant.Filled, isHighlighted: true,
            state => IsAlive(state) ? ResourceCommandState.Enabled : state == KnownResourceStates.Stopping ? ResourceCommandState.Disabled : ResourceCommandState.Hidden,
            (run, ct) => run.HaltAsync(ct));
        Add(KnownResourceCommands.RestartCommand, "Restart", "Stops the resource and starts it.", "ArrowCounterclockwise", IconVariant.Regular, isHighlighted: false,
            state => state == KnownResourceStates.Running || state == KnownResourceStates.Exited ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            async (run, ct) =>
            {
                await run.HaltAsync(ct);
                await run.StartAgainAsync(ct);
            });

        void Add(
            string name, string displayName, string description, string icon, IconVariant variant, bool isHighlighted,
            Func<string?, ResourceCommandState> stateOf, Func<ResourceRun, CancellationToken, Task> act)
        {
            if (resource.Annotations.OfType<ResourceCommandAnnotation>().Any(command => command.Name == name)) return;
            resource.Annotations.Add(new ResourceCommandAnnotation(
                name, displayName, context => stateOf(context.ResourceSnapshot.State?.Text), async context =>
                {
                    await act(runOf(context.ResourceName), context.CancellationToken);
                    return CommandResults.Success();
                }, description, parameter: null, confirmationMessage: null, icon, variant, isHighlighted));
        }
    }

    public static bool HasEnded(string? state) => state == KnownResourceStates.Finished || state == KnownResourceStates.FailedToStart;

    static bool IsAtRest(string? state) => state == KnownResourceStates.NotStarted || HasEnded(state);

    // One that has crashed is alive: it starts again after its pause unless it is stopped.
    static bool IsAlive(string? state) => state == KnownResourceStates.Running || state == KnownResourceStates.Exited || state == KnownResourceStates.Waiting;
}
