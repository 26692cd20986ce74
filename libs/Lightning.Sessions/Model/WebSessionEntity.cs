namespace Lightning.Sessions.Model;

/// <summary>
/// A relying party's server-side session. Only the hash of its cookie is stored. An application derives its own entity.
/// </summary>
public abstract class WebSessionEntity
{
    /// <summary>SHA-256 of the cookie's value.</summary>
    public required byte[] IdHash { get; init; }

    /// <summary>The relying party: <c>bff</c> or <c>admin</c>.</summary>
    public required string App { get; init; }

    /// <summary>The id of the session at the provider.</summary>
    public required Guid SessionId { get; init; }

    /// <summary>The issuer of the user's identity.</summary>
    public required string Issuer { get; init; }

    /// <summary>The user's <c>sub</c> at the issuer.</summary>
    public required string Subject { get; init; }

    /// <summary>When it began (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last used (UTC); written at most once a minute.</summary>
    public required DateTimeOffset LastSeenAt { get; set; }

    /// <summary>The absolute expiry (UTC).</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The authentication ticket, encrypted by the relying party.</summary>
    public required byte[] Ticket { get; init; }

    /// <summary>The tokens, encrypted by the relying party.</summary>
    public required byte[] Tokens { get; set; }

    /// <summary>When the access token expires (UTC); null if that is unknown.</summary>
    public DateTimeOffset? TokenExpiresAt { get; set; }

    /// <summary>Until when the lease's owner alone may refresh (UTC); null if no lease is taken.</summary>
    public DateTimeOffset? RefreshLeaseUntil { get; set; }

    /// <summary>The refresh attempt that holds the lease; null if none does.</summary>
    public Guid? RefreshLeaseOwner { get; set; }
}
