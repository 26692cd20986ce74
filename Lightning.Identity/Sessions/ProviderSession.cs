using Lightning.Identity.Clients;

namespace Lightning.Identity.Sessions;

/// <summary>
/// An active session of this provider, with its user and, for an impersonation, the administrator's subject.
/// </summary>
sealed record ProviderSession(
    Guid Id,
    Guid UserId,
    string Subject,
    string Name,
    string Email,
    bool EmailVerified,
    DateTimeOffset CreatedAt,
    DateTimeOffset AuthTime,
    DateTimeOffset LastSeenAt,
    DateTimeOffset EndsAt,
    string[] Methods,
    string? ActorSubject,
    byte[]? CookieHash
)
{
    /// <summary>The user's claims for the scopes: OpenID Connect Core 1.0, 5.4.</summary>
    public Dictionary<string, object> Claims(IEnumerable<string> scope)
    {
        var claims = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var name in scope)
        {
            if (name == Scopes.Profile)
                claims["name"] = Name;
            if (name == Scopes.Email)
            {
                claims["email"] = Email;
                claims["email_verified"] = EmailVerified;
            }
        }
        return claims;
    }
}
