namespace Lightning.Sessions.Feed;

/// <summary>Something remembered. It stands in three lanes at once, and so carries its own links: lists of nodes would cost more than what they list.</summary>
sealed class Entry<TKey, TValue>(TKey key, TValue value)
{
    public TKey Key => key;

    public TValue Value => value;

    /// <summary>Asked for since it last stood first in line.</summary>
    public bool IsUsed { get; set; }

    public (Entry<TKey, TValue>? Previous, Entry<TKey, TValue>? Next)[] Links { get; } = new (Entry<TKey, TValue>?, Entry<TKey, TValue>?)[3];
}

/// <summary>Entries in the order in which they came: all of them, those of one session, or those of one user.</summary>
sealed class Lane<TKey, TValue>(int number)
{
    Entry<TKey, TValue>? last;

    public Entry<TKey, TValue>? First { get; private set; }

    public void Add(Entry<TKey, TValue> entry)
    {
        entry.Links[number] = (last, null);
        if (last is null) First = entry;
        else last.Links[number].Next = entry;
        last = entry;
    }

    public void Remove(Entry<TKey, TValue> entry)
    {
        var (previous, next) = entry.Links[number];
        if (previous is null) First = next;
        else previous.Links[number].Next = next;
        if (next is null) last = previous;
        else next.Links[number].Previous = previous;
        entry.Links[number] = default;
    }
}
