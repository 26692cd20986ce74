using System.Diagnostics.Metrics;

namespace Lightning.Sessions;

/// <summary>What happens to sessions, counted: the meter <c>Lightning.Sessions</c>.</summary>
sealed class SessionMetrics
{
    public const string MeterName = "Lightning.Sessions";
    readonly Meter meter;
    readonly Counter<long> started, ended, lookups;
    readonly Histogram<double> refreshes, propagation;
    readonly KeyValuePair<string, object?> hit = new("outcome", "hit"), miss = new("outcome", "miss"), bypassed = new("outcome", "bypassed");
    long active;

    public SessionMetrics(IMeterFactory meters)
    {
        meter = meters.Create(MeterName);
        started = meter.CreateCounter<long>("lightning.sessions.started", "{session}", "Sessions that began at a relying party.");
        ended = meter.CreateCounter<long>("lightning.sessions.ended", "{session}", "Sessions that this service ended or took away, by reason.");
        lookups = meter.CreateCounter<long>("lightning.sessions.lookups", "{lookup}", "Looks at a session: hit is from memory, miss is read, bypassed is read because the change feed is cut.");
        refreshes = meter.CreateHistogram<double>("lightning.sessions.refresh.duration", "s", "Calls of the provider for new tokens, by outcome: ok, or the error.");
        propagation = meter.CreateHistogram<double>("lightning.sessions.propagation", "s", "From a notification to its arrival here, measured by this service's own heartbeat.");
        meter.CreateObservableGauge("lightning.sessions.active", () => Volatile.Read(ref active), "{session}", "Live sessions of this application in the database, counted every few minutes; the same on every replica.");
    }

    public void Started(string app) => started.Add(1, new KeyValuePair<string, object?>("app", app));

    public void Ended(string reason, long count = 1) => ended.Add(count, new KeyValuePair<string, object?>("reason", reason));

    public void Refreshed(TimeSpan duration, string outcome) => refreshes.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));

    public void Propagated(TimeSpan duration) => propagation.Record(duration.TotalSeconds);

    public void SetActive(long count) => Volatile.Write(ref active, count);

    public void Hit(KeyValuePair<string, object?> memory) => lookups.Add(1, memory, hit);

    public void Missed(KeyValuePair<string, object?> memory) => lookups.Add(1, memory, miss);

    public void Bypassed(KeyValuePair<string, object?> memory) => lookups.Add(1, memory, bypassed);

    /// <summary>Shows how much a memory holds.</summary>
    public void Observe(string memory, Func<int> count) =>
        meter.CreateObservableGauge($"lightning.sessions.remembered.{memory}", count, "{entry}", "Entries in this process's memory.");
}
