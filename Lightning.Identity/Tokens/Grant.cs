using Lightning.Identity.Sessions;

namespace Lightning.Identity.Tokens;

/// <summary>What a client was granted.</summary>
/// <param name="Scope">Space-separated.</param>
/// <param name="Session">For which session; null where the client acts for itself (RFC 6749, 4.4).</param>
/// <param name="Id">The grant in the database, with which its tokens fall; null without a session.</param>
sealed record Grant(string Scope, LiveSession? Session, Guid? Id)
{
    /// <summary>The next refresh token, where there is one.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>To be repeated in the ID token.</summary>
    public string? Nonce { get; init; }

    /// <summary>What kind of token an exchange gave (RFC 8693, 2.2.1); null for any other grant.</summary>
    public string? IssuedTokenType { get; init; }
}
