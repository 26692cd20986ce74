using Lightning.Sessions.Feed;
using Lightning.Sessions.WebSessions;

namespace Lightning.Sessions.Refresh;

/// <summary>Wakes whoever waits for another replica's refresh.</summary>
sealed class TokenChanges
{
    readonly Lock gate = new();
    readonly Dictionary<CookieHash, TaskCompletionSource> awaited = [];

    public TokenChanges(SessionFeed feed) => feed.Subscribe(Tell);

    /// <summary>The next change of what stands behind a cookie. Ask for it before reading the row, or it may pass in between.</summary>
    public Task Next(CookieHash hash)
    {
        lock (gate)
        {
            if (!awaited.TryGetValue(hash, out var change)) awaited[hash] = change = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return change.Task;
        }
    }

    /// <summary>Nobody of this process waits any more.</summary>
    public void Forget(CookieHash hash)
    {
        lock (gate) awaited.Remove(hash);
    }

    void Tell(Change change)
    {
        lock (gate)
        {
            if (change.Kind == ChangeKind.WebSession)
            {
                if (awaited.Remove(change.Hash, out var one)) one.SetResult();
                return;
            }
            // Which session is whose is not known here, and few wait at any time: they look again.
            foreach (var waiting in awaited.Values) waiting.SetResult();
            awaited.Clear();
        }
    }
}
