using Lightning.Sessions.WebSessions;

namespace Lightning.Sessions.Feed;

/// <summary>What a change is about.</summary>
enum ChangeKind
{
    /// <summary>Anything may have changed.</summary>
    Everything,

    /// <summary>A session at the provider: <c>session:&lt;sid&gt;</c>.</summary>
    Session,

    /// <summary>A user, or all of their sessions: <c>user:&lt;id&gt;</c>.</summary>
    User,

    /// <summary>What stands behind one cookie: <c>web:&lt;hash in hex&gt;</c>.</summary>
    WebSession,
}

/// <summary>That what is remembered of something is no longer true; not what it became.</summary>
readonly record struct Change(ChangeKind Kind, Guid Id = default, CookieHash Hash = default)
{
    public static Change Everything => new(ChangeKind.Everything);

    public static Change Session(Guid sid) => new(ChangeKind.Session, sid);

    public static Change User(Guid id) => new(ChangeKind.User, id);

    public static Change WebSession(CookieHash hash) => new(ChangeKind.WebSession, Hash: hash);

    /// <summary>
    /// Reads a notification. What cannot be understood, such as a newer version's word, may mean anything: forgetting too much costs a read,
    /// forgetting too little lets somebody in.
    /// </summary>
    public static Change Read(string payload)
    {
        var colon = payload.IndexOf(':', StringComparison.Ordinal);
        var (kind, value) = colon < 0 ? (payload, "") : (payload[..colon], payload[(colon + 1)..]);
        return kind switch
        {
            "session" when Guid.TryParseExact(value, "D", out var sid) => Session(sid),
            "user" when Guid.TryParseExact(value, "D", out var id) => User(id),
            "web" when CookieHash.TryParse(value, out var hash) => WebSession(hash),
            _ => Everything,
        };
    }
}
