namespace Lightning.Sessions.Feed;

/// <summary>The scope of a change.</summary>
enum ChangeKind
{
    /// <summary>Everything may have changed.</summary>
    Everything,

    /// <summary>A session: <c>session:&lt;sid&gt;</c>.</summary>
    Session,

    /// <summary>A user, or all sessions of the user: <c>user:&lt;id&gt;</c>.</summary>
    User,

    /// <summary>The web session of one cookie: <c>web:&lt;hash in hex&gt;</c>.</summary>
    WebSession,
}

/// <summary>A notification that cached data is stale. It does not carry the new data.</summary>
readonly record struct SessionChange(ChangeKind Kind, Guid Id = default, CookieHash Hash = default)
{
    public static SessionChange Everything => new(ChangeKind.Everything);

    public static SessionChange Session(Guid sid) => new(ChangeKind.Session, sid);

    public static SessionChange User(Guid id) => new(ChangeKind.User, id);

    public static SessionChange WebSession(CookieHash hash) => new(ChangeKind.WebSession, Hash: hash);

    /// <summary>
    /// Parses a notification. An unknown payload, such as one of a newer version, invalidates everything: an extra read
    /// is cheap, a stale session is not.
    /// </summary>
    public static SessionChange Parse(string payload)
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
