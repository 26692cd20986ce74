using Lightning.Identity.Sessions;

namespace Lightning.Identity.Tokens;

/// <summary>What a client is granted.</summary>
/// <param name="Scope">The granted scopes, space-separated.</param>
/// <param name="Session">The session; null for a client credentials grant (RFC 6749, 4.4).</param>
/// <param name="Id">The id of the grant's row; null without a session.</param>
sealed record Grant(string Scope, ProviderSession? Session, Guid? Id)
{
    /// <summary>The next refresh token; null if none was granted.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>The <c>nonce</c> to repeat in the ID token; null if the request had none.</summary>
    public string? Nonce { get; init; }

    /// <summary>The type of the issued token for a token exchange (RFC 8693, 2.2.1); null for other grants.</summary>
    public string? IssuedTokenType { get; init; }
}
