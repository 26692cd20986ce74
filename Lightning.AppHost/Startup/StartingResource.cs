using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Lightning.AppHost.Startup;

/// <summary>How far a resource has come, over all its replicas.</summary>
sealed class StartingResource(IResource resource, bool isJob, TimeProvider clock)
{
    /// <summary>For a process to become healthy.</summary>
    static readonly TimeSpan HealthTimeout = TimeSpan.FromMinutes(2);

    /// <summary>For a job, or an installation over a slow network, to end.</summary>
    static readonly TimeSpan JobTimeout = TimeSpan.FromMinutes(10);

    readonly Dictionary<string, Replica> replicas = [];
    string? failure;

    public IResource Resource => resource;

    /// <summary>Its addresses that have a title; replicas share them.</summary>
    public IReadOnlyList<UrlSnapshot> Urls { get; private set; } = [];

    /// <summary>Whether a job has ended well, and everything else is healthy.</summary>
    public bool IsReady =>
        replicas.Count >= resource.GetReplicaCount() && replicas.Values.All(replica => replica.IsReady);

    /// <summary>Why the start cannot succeed, as the rest of a sentence; null while it may.</summary>
    public string? Failure => failure
        ?? replicas.Values
            .Select(replica => replica.Overdue(isJob ? JobTimeout : HealthTimeout))
            .FirstOrDefault(text => text is not null);

    /// <summary>The processes and containers of a model that are started with it.</summary>
    public static Dictionary<string, StartingResource> Of(DistributedApplicationModel model)
    {
        var jobs = model.Resources.SelectMany(resource => resource.Annotations.OfType<WaitAnnotation>())
            .Where(wait => wait.WaitType == WaitType.WaitForCompletion).Select(wait => wait.Resource).ToHashSet();
        return model.Resources
            .Where(resource => resource is ExecutableResource or ProjectResource or ContainerResource)
            .Where(resource => !resource.HasAnnotationOfType<ExplicitStartupAnnotation>())
            .ToDictionary(
                resource => resource.Name,
                resource => new StartingResource(resource, jobs.Contains(resource), TimeProvider.System));
    }

    /// <summary>Takes news of a replica.</summary>
    /// <returns>What to tell about it; null when nothing has changed.</returns>
    public string? Update(ResourceEvent news)
    {
        var (state, snapshot) = (news.Snapshot.State?.Text, news.Snapshot);
        Urls = [.. snapshot.Urls.Where(url => !url.IsInternal && url.DisplayProperties.DisplayName.Length > 0)];
        if (!replicas.TryGetValue(news.ResourceId, out var replica))
            replicas[news.ResourceId] = replica = new Replica(clock);
        var before = replica.Told;
        if (state != replica.State) replica.Enter(state);
        replica.Health = string.Join(
            " ", snapshot.HealthReports.Where(report => report.Status != HealthStatus.Healthy).Select(Explain));

        if (state == KnownResourceStates.FailedToStart)
            failure = "could not be started";
        else if (snapshot.ExitCode is not (null or 0))
            failure = $"ended with exit code {snapshot.ExitCode}";
        else if (KnownResourceStates.TerminalStates.Contains(state) && snapshot.ExitCode == 0)
            (replica.IsReady, replica.Told, failure) = (isJob, "finished", isJob ? failure : "ended");
        else if (state == KnownResourceStates.Running && isJob)
            replica.Told = "runs …";
        else if (state == KnownResourceStates.Running && snapshot.HealthStatus == HealthStatus.Healthy)
            (replica.IsReady, replica.Told) = (true, "healthy");
        else if (!string.IsNullOrEmpty(state) && !IsCommon(state))
            replica.Told = $"{state} …";
        return replica.Told == before ? null : replica.Told;
    }

    static bool IsCommon(string state) =>
        state == KnownResourceStates.NotStarted || state == KnownResourceStates.Waiting
        || state == KnownResourceStates.Starting || state == KnownResourceStates.Running;

    static string Explain(HealthReportSnapshot report) =>
        report.Description ?? report.ExceptionText?.Split('\n')[0] ?? report.Status?.ToString() ?? "no answer yet";

    sealed class Replica(TimeProvider clock)
    {
        long entered = clock.GetTimestamp();

        public string? State { get; private set; }

        public string? Told { get; set; }

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
            if (IsReady || isAsleep || clock.GetElapsedTime(entered) < timeout) return null;
            return $"is not healthy after {timeout.TotalMinutes:0} minutes ({(Health.Length > 0 ? Health : State)})";
        }
    }
}
