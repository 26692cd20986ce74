namespace Lightning.Sessions.Model;

/// <summary>
/// A used single-use token: an exchanged ID token (RFC 8693) or a logout token (OpenID Connect Back-Channel Logout 1.0,
/// 2.6). The primary key detects replay on any replica.
/// </summary>
public sealed class SeenToken
{
    /// <summary>
    /// SHA-256 of purpose, audience, issuer and <c>jti</c>, or of the whole token if it has no <c>jti</c>.
    /// </summary>
    public required byte[] Hash { get; init; }

    /// <summary>When the token expires (UTC); the row can be deleted after that.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
