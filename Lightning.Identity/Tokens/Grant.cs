using Lightning.Identity.Sessions;

namespace Lightning.Identity.Tokens;

/// <summary>What a client was granted.</summary>
/// <param name="Scope">Space-separated.</param>
/// <param name="Session">For which session.</param>
/// <param name="RefreshToken">The next refresh token, where there is one.</param>
/// <param name="Nonce">To be repeated in the ID token.</param>
sealed record Grant(string Scope, LiveSession Session, string? RefreshToken, string? Nonce);
