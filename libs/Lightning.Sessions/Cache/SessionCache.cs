using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Lightning.Sessions.Feed;

namespace Lightning.Sessions.Cache;

/// <summary>A value that <see cref="SessionCache{TKey, TValue}"/> can hold: it belongs to an active session.</summary>
public interface ICachedSession
{
    /// <summary>The session's id.</summary>
    Guid SessionId { get; }

    /// <summary>The id of the session's user.</summary>
    Guid UserId { get; }

    /// <summary>Whether the session has timed out. The change feed reports every other end.</summary>
    bool IsExpired(DateTimeOffset now);
}

/// <summary>
/// A bounded cache of active sessions, invalidated by the change feed. Concurrent reads of one key share one query, and
/// a value that was read before a change is never cached after it. While the feed is down, every lookup reads from the
/// database.
/// </summary>
public abstract class SessionCache<TKey, TValue>
    where TKey : struct, IEquatable<TKey>
    where TValue : class, ICachedSession
{
    readonly ConcurrentDictionary<TKey, CacheEntry<TKey, TValue>> entries = new();
    readonly ConcurrentDictionary<(TKey Key, long Generation), Lazy<Task<TValue?>>> pendingReads = new();

    // The lists 0 (all), 1 (by session) and 2 (by user): the indexes of their links in CacheEntry.Links.
    readonly Dictionary<Guid, LinkedEntryList<TKey, TValue>> bySession = [],
        byUser = [];
    readonly LinkedEntryList<TKey, TValue> all = new(0);
    readonly Lock gate = new();
    readonly SessionFeed feed;
    readonly TimeProvider clock;
    readonly SessionMetrics metrics;
    readonly int capacity;
    readonly Func<TKey, CancellationToken, Task<TValue?>> read;
    readonly KeyValuePair<string, object?> name;
    long generation;
    int count;

    private protected SessionCache(
        string name,
        int capacity,
        SessionFeed feed,
        TimeProvider clock,
        SessionMetrics metrics,
        Func<TKey, CancellationToken, Task<TValue?>> read
    )
    {
        this.capacity = capacity;
        this.feed = feed;
        this.clock = clock;
        this.metrics = metrics;
        this.read = read;
        this.name = new("memory", name);
        metrics.Observe(name, () => Count);
        feed.Subscribe(Invalidate);
    }

    /// <summary>The number of entries.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>The active session of a key, from the cache or the database; null if there is none.</summary>
    /// <exception cref="System.Data.Common.DbException">It is not cached, and the query failed.</exception>
    public ValueTask<TValue?> FindAsync(TKey key, CancellationToken cancellationToken)
    {
        if (TryGet(key) is { } cached)
            return new(cached);
        if (feed.IsAlive)
            return RefreshAsync(key, cancellationToken);
        metrics.Bypassed(name);
        return new(read(key, cancellationToken));
    }

    /// <summary>The cached session of a key; null if it is not cached or the feed is down.</summary>
    public TValue? TryGet(TKey key)
    {
        if (!feed.IsAlive || !entries.TryGetValue(key, out var entry) || entry.Value.IsExpired(clock.GetUtcNow()))
            return null;
        metrics.Hit(name);
        // Written only when it changes: a write invalidates the cache line of the other processors.
        if (!entry.IsUsed)
            entry.IsUsed = true;
        return entry.Value;
    }

    /// <summary>The active session of a key, always read from the database; null if there is none.</summary>
    public ValueTask<TValue?> RefreshAsync(TKey key, CancellationToken cancellationToken)
    {
        metrics.Missed(name);
        // A read that started before a change is not shared with callers that come after it.
        // Lazy, because GetOrAdd may call its factory more than once.
        var startGeneration = Volatile.Read(ref generation);
        var pending = pendingReads.GetOrAdd(
            (key, startGeneration),
            static (read, cache) => new(() => Task.Run(() => cache.ReadAsync(read.Key, read.Generation))),
            this
        );
        return new(pending.Value.WaitAsync(cancellationToken));
    }

    /// <summary>Whether a value that was read in this generation may be cached.</summary>
    protected virtual bool IsCurrent(long started) => started == generation;

    async Task<TValue?> ReadAsync(TKey key, long startGeneration)
    {
        try
        {
            // Not cancelled: other callers share this read.
            var value = await read(key, CancellationToken.None);
            lock (gate)
            {
                if (!IsCurrent(startGeneration))
                    return value;
                if (entries.TryGetValue(key, out var old))
                    Remove(old);
                if (value is not null)
                    Add(new CacheEntry<TKey, TValue>(key, value));
            }
            return value;
        }
        finally
        {
            pendingReads.TryRemove((key, startGeneration), out _);
        }
    }

    void Invalidate(SessionChange change)
    {
        lock (gate)
        {
            Volatile.Write(ref generation, generation + 1);
            switch (change.Kind)
            {
                case ChangeKind.Session:
                    RemoveAll(bySession, change.Id);
                    break;
                case ChangeKind.User:
                    RemoveAll(byUser, change.Id);
                    break;
                case ChangeKind.WebSession:
                    if (TryGetKey(change, out var key) && entries.TryGetValue(key, out var entry))
                        Remove(entry);
                    break;
                default:
                    while (all.First is { } first)
                        Remove(first);
                    break;
            }
        }
    }

    /// <summary>Gets the cache key of a changed web session; false if this cache has other keys.</summary>
    private protected virtual bool TryGetKey(SessionChange change, [NotNullWhen(true)] out TKey key)
    {
        key = default;
        return false;
    }

    void Add(CacheEntry<TKey, TValue> entry)
    {
        // Second-chance eviction: an entry that was used since the last pass moves to the end instead.
        while (count >= capacity && all.First is { } first)
        {
            all.Remove(first);
            all.Add(first);
            if (first.IsUsed)
                first.IsUsed = false;
            else
                Remove(first);
        }
        entries[entry.Key] = entry;
        count++;
        all.Add(entry);
        GetOrAddList(bySession, entry.Value.SessionId, 1).Add(entry);
        GetOrAddList(byUser, entry.Value.UserId, 2).Add(entry);
    }

    void Remove(CacheEntry<TKey, TValue> entry)
    {
        entries.TryRemove(entry.Key, out _);
        count--;
        all.Remove(entry);
        RemoveFromList(bySession, entry.Value.SessionId, entry);
        RemoveFromList(byUser, entry.Value.UserId, entry);
    }

    void RemoveAll(Dictionary<Guid, LinkedEntryList<TKey, TValue>> lists, Guid id)
    {
        while (lists.TryGetValue(id, out var list))
            Remove(list.First!);
    }

    static LinkedEntryList<TKey, TValue> GetOrAddList(
        Dictionary<Guid, LinkedEntryList<TKey, TValue>> lists,
        Guid id,
        int index
    )
    {
        if (!lists.TryGetValue(id, out var list))
            lists[id] = list = new LinkedEntryList<TKey, TValue>(index);
        return list;
    }

    static void RemoveFromList(
        Dictionary<Guid, LinkedEntryList<TKey, TValue>> lists,
        Guid id,
        CacheEntry<TKey, TValue> entry
    )
    {
        var list = lists[id];
        list.Remove(entry);
        if (list.First is null)
            lists.Remove(id);
    }
}
