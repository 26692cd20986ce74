namespace Lightning.Sessions.Cache;

/// <summary>
/// A cached value. It is in three lists at once, so it holds its own links: separate list nodes would take more memory
/// than the entry itself.
/// </summary>
sealed class CacheEntry<TKey, TValue>(TKey key, TValue value)
{
    public TKey Key => key;

    public TValue Value => value;

    /// <summary>Whether it was read since the eviction last passed over it.</summary>
    public bool IsUsed { get; set; }

    public (CacheEntry<TKey, TValue>? Previous, CacheEntry<TKey, TValue>? Next)[] Links { get; } =
        new (CacheEntry<TKey, TValue>?, CacheEntry<TKey, TValue>?)[3];
}

/// <summary>Entries in insertion order: all of them, those of one session, or those of one user.</summary>
/// <param name="index">The index of the list's links in <see cref="CacheEntry{TKey, TValue}.Links"/>.</param>
sealed class LinkedEntryList<TKey, TValue>(int index)
{
    CacheEntry<TKey, TValue>? last;

    public CacheEntry<TKey, TValue>? First { get; private set; }

    public void Add(CacheEntry<TKey, TValue> entry)
    {
        entry.Links[index] = (last, null);
        if (last is null)
            First = entry;
        else
            last.Links[index].Next = entry;
        last = entry;
    }

    public void Remove(CacheEntry<TKey, TValue> entry)
    {
        var (previous, next) = entry.Links[index];
        if (previous is null)
            First = next;
        else
            previous.Links[index].Next = next;
        if (next is null)
            last = previous;
        else
            next.Links[index].Previous = previous;
        entry.Links[index] = default;
    }
}
