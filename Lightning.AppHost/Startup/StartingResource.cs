using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Lightning.AppHost.Startup;

/// <summary>The startup state of a resource with all of its replicas.</summary>
sealed class StartingResource(IResource resource, bool isJob, TimeProvider clock)
{
    /// <summary>The time within which a process must become healthy.</summary>
    static readonly TimeSpan HealthTimeout = TimeSpan.FromMinutes(2);

    /// <summary>The time within which a job must end, such as an installation over a slow network.</summary>
    static readonly TimeSpan JobTimeout = TimeSpan.FromMinutes(10);

    readonly Dictionary<string, Replica> replicas = [];
    string? failure;

    public IResource Resource => resource;

    /// <summary>The URLs with a display name. Replicas share them.</summary>
    public IReadOnlyList<UrlSnapshot> Urls { get; private set; } = [];

    /// <summary>Whether the job has succeeded, or the service is healthy.</summary>
    public bool IsReady =>
        replicas.Count >= resource.GetReplicaCount() && replicas.Values.All(replica => replica.IsReady);

    /// <summary>Why the start fails, as the end of a sentence; null if it has not failed.</summary>
    public string? Failure =>
        failure
        ?? replicas
            .Values.Select(replica => replica.Overdue(isJob ? JobTimeout : HealthTimeout))
            .FirstOrDefault(text => text is not null);

    /// <summary>The processes and containers of the model that start automatically.</summary>
    public static Dictionary<string, StartingResource> FromModel(DistributedApplicationModel model)
    {
        var jobs = model
            .Resources.SelectMany(resource => resource.Annotations.OfType<WaitAnnotation>())
            .Where(wait => wait.WaitType == WaitType.WaitForCompletion)
            .Select(wait => wait.Resource)
            .ToHashSet();
        return model
            .Resources.Where(resource => resource is ExecutableResource or ProjectResource or ContainerResource)
            .Where(resource => !resource.HasAnnotationOfType<ExplicitStartupAnnotation>())
            .ToDictionary(
                resource => resource.Name,
                resource => new StartingResource(resource, jobs.Contains(resource), TimeProvider.System)
            );
    }

    /// <summary>Updates a replica.</summary>
    /// <returns>The message to print; null if nothing has changed.</returns>
    public string? Update(ResourceEvent update)
    {
        var (state, snapshot) = (update.Snapshot.State?.Text, update.Snapshot);
        Urls = [.. snapshot.Urls.Where(url => !url.IsInternal && url.DisplayProperties.DisplayName.Length > 0)];
        if (!replicas.TryGetValue(update.ResourceId, out var replica))
            replicas[update.ResourceId] = replica = new Replica(clock);
        var before = replica.Message;
        if (state != replica.State)
            replica.Enter(state);
        replica.Health = string.Join(
            " ",
            snapshot.HealthReports.Where(report => report.Status != HealthStatus.Healthy).Select(Explain)
        );

        if (state == KnownResourceStates.FailedToStart)
            failure = "could not be started";
        else if (state == KnownResourceStates.RuntimeUnhealthy)
            failure = "needs a container engine (Docker or Podman), and none answers";
        else if (snapshot.ExitCode is not (null or 0))
            failure = $"ended with exit code {snapshot.ExitCode}";
        else if (KnownResourceStates.TerminalStates.Contains(state) && snapshot.ExitCode == 0)
            (replica.IsReady, replica.Message, failure) = (isJob, "finished", isJob ? failure : "ended");
        else if (state == KnownResourceStates.Running && isJob)
            replica.Message = "runs …";
        else if (state == KnownResourceStates.Running && snapshot.HealthStatus == HealthStatus.Healthy)
            (replica.IsReady, replica.Message) = (true, "healthy");
        else if (!string.IsNullOrEmpty(state) && !IsCommon(state))
            replica.Message = $"{state} …";
        return replica.Message == before ? null : replica.Message;
    }

    static bool IsCommon(string state) =>
        state == KnownResourceStates.NotStarted
        || state == KnownResourceStates.Waiting
        || state == KnownResourceStates.Starting
        || state == KnownResourceStates.Running;

    static string Explain(HealthReportSnapshot report) =>
        report.Description ?? report.ExceptionText?.Split('\n')[0] ?? report.Status?.ToString() ?? "no answer yet";

    sealed class Replica(TimeProvider clock)
    {
        long entered = clock.GetTimestamp();

        public string? State { get; private set; }

        public string? Message { get; set; }

        public bool IsReady { get; set; }

        public string Health { get; set; } = "";

        public void Enter(string? state)
        {
            State = state;
            entered = clock.GetTimestamp();
        }

        public string? Overdue(TimeSpan timeout)
        {
            var isAsleep =
                State is null || State == KnownResourceStates.NotStarted || State == KnownResourceStates.Waiting;
            if (IsReady || isAsleep || clock.GetElapsedTime(entered) < timeout)
                return null;
            return $"is not healthy after {timeout.TotalMinutes:0} minutes ({(Health.Length > 0 ? Health : State)})";
        }
    }
}
