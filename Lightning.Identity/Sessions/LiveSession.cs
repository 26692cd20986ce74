using Lightning.Identity.Clients;

namespace Lightning.Identity.Sessions;

/// <summary>A session that is alive, and whose it is; and who acts as them in it, where it is not they themself.</summary>
sealed record LiveSession(
    Guid Id, Guid UserId, string Subject, string Name, string Email, bool EmailVerified,
    DateTimeOffset CreatedAt, DateTimeOffset AuthTime, DateTimeOffset LastSeenAt, DateTimeOffset EndsAt, string[] Methods, string? ActorSubject)
{
    /// <summary>The person's claims that a scope opens: OpenID Connect Core 1.0, 5.4.</summary>
    public Dictionary<string, object> Claims(IEnumerable<string> scope)
    {
        var claims = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var name in scope)
        {
            if (name == Scopes.Profile) claims["name"] = Name;
            if (name == Scopes.Email) (claims["email"], claims["email_verified"]) = (Email, EmailVerified);
        }
        return claims;
    }
}
