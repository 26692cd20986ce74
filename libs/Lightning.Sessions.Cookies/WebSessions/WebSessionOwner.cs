namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>
/// The columns that identify a web session and its user. The ticket is encrypted for exactly these values, so that
/// rewriting one of them in the database makes the session unreadable instead of another user's.
/// </summary>
/// <param name="IdHash">The hash of the cookie.</param>
/// <param name="App">The relying party.</param>
/// <param name="SessionId">The <c>sid</c>.</param>
/// <param name="Issuer">The issuer of the user's identity.</param>
/// <param name="Subject">The user's <c>sub</c> at the issuer.</param>
sealed record WebSessionOwner(byte[] IdHash, string App, Guid SessionId, string Issuer, string Subject);
