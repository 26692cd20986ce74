namespace Lightning.Sessions.Model;

/// <summary>
/// A browser's session at the provider. Its id is the <c>sid</c> of every token, shared by all relying parties. Only
/// database functions such as <c>identity.end_session</c> end it, and an ended session is never resumed. An application
/// derives its own entity, with a navigation to its user.
/// </summary>
public abstract class SessionEntity
{
    /// <summary>The <c>sid</c>.</summary>
    public required Guid Id { get; init; }

    /// <summary>The issuer of the provider that authenticated the user.</summary>
    public required string Issuer { get; init; }

    /// <summary>The <c>sid</c> at an external provider; null if Identity is the provider.</summary>
    public string? ForeignSid { get; init; }

    /// <summary>The user's id.</summary>
    public required Guid UserId { get; init; }

    /// <summary>When it began (UTC).</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the user last authenticated (UTC).</summary>
    public required DateTimeOffset AuthTime { get; set; }

    /// <summary>
    /// SHA-256 of the secret in the provider's cookie; null if the session has no cookie there. It changes with every
    /// authentication, so that older copies of the cookie are refused.
    /// </summary>
    public byte[]? CookieHash { get; set; }

    /// <summary>When it was last used (UTC); written at most once a minute.</summary>
    public required DateTimeOffset LastSeenAt { get; set; }

    /// <summary>The absolute expiry (UTC).</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>When it ended (UTC); null if it is alive. Set by database functions.</summary>
    public DateTimeOffset? EndedAt { get; protected set; }

    /// <summary>Why it ended; null if it is alive.</summary>
    public string? EndReason { get; protected set; }

    /// <summary>The IP address of the sign-in.</summary>
    public string? Ip { get; init; }

    /// <summary>Browser and operating system, for display.</summary>
    public string? Device { get; init; }

    /// <summary>The authentication methods, as values of <c>amr</c> (RFC 8176).</summary>
    public required string[] Methods { get; set; }

    /// <summary>The id of the impersonating administrator; null if the session is not impersonated.</summary>
    public Guid? ActorId { get; init; }

    /// <summary>The id of the administrator's own session; this session ends with it.</summary>
    public Guid? ActorSessionId { get; init; }

    /// <summary>Whether the administrator may write; without it, an impersonated session is read-only.</summary>
    public bool ActorMayWrite { get; init; }
}
