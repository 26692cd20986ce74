using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Lightning.Sessions.RelyingParties;
using Microsoft.Extensions.Hosting;

namespace Lightning.Sessions;

/// <summary>What happens to sessions, counted: the meter <c>Lightning.Sessions</c>.</summary>
sealed class SessionMetrics : IHostedService
{
    public const string MeterName = "Lightning.Sessions";
    // What ends sessions at every relying party; others come as they happen.
    static readonly string[] Reasons = ["signed-out", "expired", "refresh-refused", "ended-by-provider"];
    readonly Meter meter;
    readonly Counter<long> started, ended, lookups, refreshed;
    readonly Histogram<double> refreshes, propagation;
    readonly KeyValuePair<string, object?> hit = new("outcome", "hit"), miss = new("outcome", "miss"), bypassed = new("outcome", "bypassed");
    readonly ConcurrentBag<string> memories = [];
    readonly string? app;
    long active;

    public SessionMetrics(IMeterFactory meters, IEnumerable<RelyingParty> parties)
    {
        app = parties.FirstOrDefault()?.App;
        meter = meters.Create(MeterName);
        started = meter.CreateCounter<long>("lightning.sessions.started", "{session}", "Sessions that began at a relying party.");
        ended = meter.CreateCounter<long>("lightning.sessions.ended", "{session}", "Sessions that this service ended or took away, by reason.");
        lookups = meter.CreateCounter<long>("lightning.sessions.lookups", "{lookup}", "Looks at a session: hit is from memory, miss is read, bypassed is read because the change feed is cut.");
        refreshes = meter.CreateHistogram<double>("lightning.sessions.refresh.duration", "s", "Calls of the provider for new tokens, by outcome: ok, or the error.");
        refreshed = meter.CreateCounter<long>("lightning.sessions.refreshes", "{refresh}", "Calls of the provider for new tokens, by outcome: ok, or the error.");
        propagation = meter.CreateHistogram<double>("lightning.sessions.propagation", "s", "From a notification to its arrival here, measured by this service's own heartbeat.");
        meter.CreateObservableGauge("lightning.sessions.active", () => Volatile.Read(ref active), "{session}", "Live sessions of this application in the database, counted every few minutes; the same on every replica.");
    }

    /// <summary>Shows the counters before anything has happened: whoever looks sees a nought, and a rate its first rise.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var memory in memories) ShowLookups(memory);
        if (app is null) return Task.CompletedTask; // an API, which has no sessions of its own
        started.Add(0, new KeyValuePair<string, object?>("app", app));
        foreach (var reason in Reasons) Ended(reason, 0);
        refreshed.Add(0, new KeyValuePair<string, object?>("outcome", "ok"));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Started(string app) => started.Add(1, new KeyValuePair<string, object?>("app", app));

    public void Ended(string reason, long count = 1) => ended.Add(count, new KeyValuePair<string, object?>("reason", reason));

    public void Refreshed(TimeSpan duration, string outcome)
    {
        var tag = new KeyValuePair<string, object?>("outcome", outcome);
        refreshed.Add(1, tag);
        refreshes.Record(duration.TotalSeconds, tag);
    }

    public void Propagated(TimeSpan duration) => propagation.Record(duration.TotalSeconds);

    public void SetActive(long count) => Volatile.Write(ref active, count);

    public void Hit(KeyValuePair<string, object?> memory) => lookups.Add(1, memory, hit);

    public void Missed(KeyValuePair<string, object?> memory) => lookups.Add(1, memory, miss);

    public void Bypassed(KeyValuePair<string, object?> memory) => lookups.Add(1, memory, bypassed);

    /// <summary>Shows how much a memory holds.</summary>
    public void Observe(string memory, Func<int> count)
    {
        meter.CreateObservableGauge($"lightning.sessions.remembered.{memory}", count, "{entry}", "Entries in this process's memory.");
        memories.Add(memory);
        ShowLookups(memory); // it may be made after the start
    }

    void ShowLookups(string memory)
    {
        foreach (var outcome in (KeyValuePair<string, object?>[])[hit, miss, bypassed]) lookups.Add(0, new KeyValuePair<string, object?>("memory", memory), outcome);
    }
}
