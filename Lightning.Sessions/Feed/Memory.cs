using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Lightning.Sessions.Feed;

/// <summary>What can be remembered: something of a living session.</summary>
interface IRemembered
{
    Guid SessionId { get; }

    Guid UserId { get; }

    /// <summary>Whether its own end has come; what the feed tells is beside that.</summary>
    bool IsOver(DateTimeOffset now);
}

/// <summary>
/// Living sessions as they were read, for as long as the feed would tell of any change: bounded, one read at a time for a key, and nothing that was
/// read before a change is remembered after it. While the feed is not proved alive, everything is read from the database at every request.
/// </summary>
class Memory<TKey, TValue>
    where TKey : struct, IEquatable<TKey>
    where TValue : class, IRemembered
{
    readonly ConcurrentDictionary<TKey, Entry<TKey, TValue>> entries = new();
    readonly ConcurrentDictionary<(TKey Key, long Generation), Lazy<Task<TValue?>>> flights = new();
    readonly Dictionary<Guid, Lane<TKey, TValue>> bySession = [], byUser = [];
    readonly Lane<TKey, TValue> line = new(0);
    readonly Lock gate = new();
    readonly SessionFeed feed;
    readonly TimeProvider clock;
    readonly SessionMetrics metrics;
    readonly int capacity;
    readonly Func<TKey, CancellationToken, Task<TValue?>> read;
    readonly KeyValuePair<string, object?> name;
    long generation;
    int count;

    protected Memory(string name, int capacity, SessionFeed feed, TimeProvider clock, SessionMetrics metrics, Func<TKey, CancellationToken, Task<TValue?>> read)
    {
        (this.capacity, this.feed, this.clock, this.metrics, this.read) = (capacity, feed, clock, metrics, read);
        this.name = new("memory", name);
        metrics.Observe(name, () => Count);
        feed.Subscribe(Forget);
    }

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>The living session of a key, or null where there is none.</summary>
    /// <exception cref="System.Data.Common.DbException">It had to be read and the database does not answer.</exception>
    public ValueTask<TValue?> FindAsync(TKey key, CancellationToken cancellationToken)
    {
        if (TryRecall(key) is { } remembered) return new(remembered);
        if (feed.IsAlive) return RefreshAsync(key, cancellationToken);
        metrics.Bypassed(name);
        return new(read(key, cancellationToken));
    }

    /// <summary>The living session of a key if it is remembered and the feed alive, or null.</summary>
    public TValue? TryRecall(TKey key)
    {
        if (!feed.IsAlive || !entries.TryGetValue(key, out var entry) || entry.Value.IsOver(clock.GetUtcNow())) return null;
        metrics.Hit(name);
        // Only when it changes: a write takes the line away from the other processors.
        if (!entry.IsUsed) entry.IsUsed = true;
        return entry.Value;
    }

    /// <summary>The same, read anew.</summary>
    public ValueTask<TValue?> RefreshAsync(TKey key, CancellationToken cancellationToken)
    {
        metrics.Missed(name);
        // A read that began before a change is shared with nobody who came after it. Lazy, because GetOrAdd may call its factory more than once.
        var begun = Volatile.Read(ref generation);
        var flight = flights.GetOrAdd((key, begun), static (flight, memory) => new(() => Task.Run(() => memory.FillAsync(flight.Key, flight.Generation))), this);
        return new(flight.Value.WaitAsync(cancellationToken));
    }

    /// <summary>Whether what was read since then may still be remembered.</summary>
    protected virtual bool IsCurrent(long begun) => begun == generation;

    async Task<TValue?> FillAsync(TKey key, long begun)
    {
        try
        {
            // Others wait for this read: it is nobody's to cancel.
            var value = await read(key, CancellationToken.None);
            lock (gate)
            {
                if (!IsCurrent(begun)) return value;
                if (entries.TryGetValue(key, out var old)) Remove(old);
                if (value is not null) Add(new Entry<TKey, TValue>(key, value));
            }
            return value;
        }
        finally
        {
            flights.TryRemove((key, begun), out _);
        }
    }

    void Forget(Change change)
    {
        lock (gate)
        {
            Volatile.Write(ref generation, generation + 1);
            switch (change.Kind)
            {
                case ChangeKind.Session:
                    Remove(bySession, change.Id);
                    break;
                case ChangeKind.User:
                    Remove(byUser, change.Id);
                    break;
                case ChangeKind.WebSession:
                    if (TryKey(change, out var key) && entries.TryGetValue(key, out var entry)) Remove(entry);
                    break;
                default:
                    while (line.First is { } first) Remove(first);
                    break;
            }
        }
    }

    /// <summary>The key that a changed cookie has here.</summary>
    protected virtual bool TryKey(Change change, [NotNullWhen(true)] out TKey key)
    {
        key = default;
        return false;
    }

    void Add(Entry<TKey, TValue> entry)
    {
        while (count >= capacity && line.First is { } first)
        {
            line.Remove(first);
            line.Add(first);
            // A second chance for what is in use; the rest makes room.
            if (first.IsUsed) first.IsUsed = false;
            else Remove(first);
        }
        entries[entry.Key] = entry;
        count++;
        line.Add(entry);
        LaneOf(bySession, entry.Value.SessionId, 1).Add(entry);
        LaneOf(byUser, entry.Value.UserId, 2).Add(entry);
    }

    void Remove(Entry<TKey, TValue> entry)
    {
        entries.TryRemove(entry.Key, out _);
        count--;
        line.Remove(entry);
        Leave(bySession, entry.Value.SessionId, entry);
        Leave(byUser, entry.Value.UserId, entry);
    }

    void Remove(Dictionary<Guid, Lane<TKey, TValue>> lanes, Guid id)
    {
        while (lanes.TryGetValue(id, out var lane)) Remove(lane.First!);
    }

    static Lane<TKey, TValue> LaneOf(Dictionary<Guid, Lane<TKey, TValue>> lanes, Guid id, int number)
    {
        if (!lanes.TryGetValue(id, out var lane)) lanes[id] = lane = new Lane<TKey, TValue>(number);
        return lane;
    }

    static void Leave(Dictionary<Guid, Lane<TKey, TValue>> lanes, Guid id, Entry<TKey, TValue> entry)
    {
        var lane = lanes[id];
        lane.Remove(entry);
        if (lane.First is null) lanes.Remove(id);
    }
}
