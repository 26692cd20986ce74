using Lightning.Sessions.Feed;

namespace Lightning.Sessions.Cookies.Refresh;

/// <summary>Signals requests that wait for another replica's refresh.</summary>
sealed class TokenChanges
{
    readonly Lock gate = new();
    readonly Dictionary<CookieHash, TaskCompletionSource> waiters = [];

    public TokenChanges(SessionFeed feed) => feed.Subscribe(OnChange);

    /// <summary>
    /// Completes at the next change of a cookie's session. Call it before reading the row, or a change may be missed.
    /// </summary>
    public Task Next(CookieHash hash)
    {
        lock (gate)
        {
            if (!waiters.TryGetValue(hash, out var change))
                waiters[hash] = change = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return change.Task;
        }
    }

    /// <summary>Removes the waiter; no request of this process waits for the session any more.</summary>
    public void Forget(CookieHash hash)
    {
        lock (gate)
            waiters.Remove(hash);
    }

    void OnChange(SessionChange change)
    {
        lock (gate)
        {
            if (change.Kind == ChangeKind.WebSession)
            {
                if (waiters.Remove(change.Hash, out var one))
                    one.SetResult();
                return;
            }
            // The session of a cookie is not known here, and waiters are few: wake all.
            foreach (var waiter in waiters.Values)
                waiter.SetResult();
            waiters.Clear();
        }
    }
}
