using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;

namespace Lightning.Sessions;

/// <summary>The meter <c>Lightning.Sessions</c>.</summary>
public sealed class SessionMetrics : IHostedService
{
    internal const string MeterName = "Lightning.Sessions";

    // The reasons that every relying party can report; other reasons appear when they occur.
    static readonly string[] CommonReasons = ["signed-out", "expired", "refresh-refused", "ended-by-provider"];
    readonly Meter meter;
    readonly Counter<long> started,
        ended,
        lookups,
        refreshed;
    readonly Histogram<double> refreshes,
        propagation;
    readonly KeyValuePair<string, object?> hit = new("outcome", "hit"),
        miss = new("outcome", "miss"),
        bypassed = new("outcome", "bypassed");
    readonly ConcurrentBag<string> caches = [];
    readonly string? app;
    long active;

    /// <summary>Creates the instruments.</summary>
    public SessionMetrics(IMeterFactory meters, IEnumerable<RelyingParty> parties)
    {
        app = parties.FirstOrDefault()?.App;
        meter = meters.Create(MeterName);
        started = meter.CreateCounter<long>(
            "lightning.sessions.started",
            "{session}",
            "Sessions that started at a relying party."
        );
        ended = meter.CreateCounter<long>(
            "lightning.sessions.ended",
            "{session}",
            "Sessions that this service ended or deleted, by reason."
        );
        lookups = meter.CreateCounter<long>(
            "lightning.sessions.lookups",
            "{lookup}",
            "Session lookups: hit is cached, miss is read, bypassed is read because the change feed is down."
        );
        refreshes = meter.CreateHistogram<double>(
            "lightning.sessions.refresh.duration",
            "s",
            "Token refreshes at the provider, by outcome: ok, or the error."
        );
        refreshed = meter.CreateCounter<long>(
            "lightning.sessions.refreshes",
            "{refresh}",
            "Token refreshes at the provider, by outcome: ok, or the error."
        );
        propagation = meter.CreateHistogram<double>(
            "lightning.sessions.propagation",
            "s",
            "The delay of notifications, measured by the heartbeat of the change feed."
        );
        meter.CreateObservableGauge(
            "lightning.sessions.active",
            () => Volatile.Read(ref active),
            "{session}",
            "Active sessions of this application in the database, counted every few minutes; the same on every replica."
        );
    }

    /// <summary>Initializes the counters with 0, so that a rate includes their first increase.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var cache in caches)
            InitializeLookups(cache);
        if (app is null)
            return Task.CompletedTask; // An API has no web sessions.
        started.Add(0, new KeyValuePair<string, object?>("app", app));
        foreach (var reason in CommonReasons)
            Ended(reason, 0);
        refreshed.Add(0, new KeyValuePair<string, object?>("outcome", "ok"));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal void Started(string app) => started.Add(1, new KeyValuePair<string, object?>("app", app));

    internal void Ended(string reason, long count = 1) =>
        ended.Add(count, new KeyValuePair<string, object?>("reason", reason));

    internal void Refreshed(TimeSpan duration, string outcome)
    {
        var tag = new KeyValuePair<string, object?>("outcome", outcome);
        refreshed.Add(1, tag);
        refreshes.Record(duration.TotalSeconds, tag);
    }

    internal void Propagated(TimeSpan duration) => propagation.Record(duration.TotalSeconds);

    internal void SetActive(long count) => Volatile.Write(ref active, count);

    internal void Hit(KeyValuePair<string, object?> cache) => lookups.Add(1, cache, hit);

    internal void Missed(KeyValuePair<string, object?> cache) => lookups.Add(1, cache, miss);

    internal void Bypassed(KeyValuePair<string, object?> cache) => lookups.Add(1, cache, bypassed);

    /// <summary>Adds a gauge of the entries of a cache.</summary>
    internal void Observe(string cache, Func<int> count)
    {
        meter.CreateObservableGauge(
            $"lightning.sessions.remembered.{cache}",
            count,
            "{entry}",
            "Entries in this process's cache."
        );
        caches.Add(cache);
        InitializeLookups(cache); // The cache may be created after the start.
    }

    void InitializeLookups(string cache)
    {
        foreach (var outcome in (KeyValuePair<string, object?>[])[hit, miss, bypassed])
            lookups.Add(0, new KeyValuePair<string, object?>("memory", cache), outcome);
    }
}
