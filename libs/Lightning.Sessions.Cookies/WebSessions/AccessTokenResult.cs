namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>The outcome of a request for an access token.</summary>
public enum AccessTokenStatus
{
    /// <summary>The token is available.</summary>
    Available,

    /// <summary>The session has ended.</summary>
    SessionEnded,

    /// <summary>The provider is unavailable; the session stays active.</summary>
    ProviderUnavailable,
}

/// <summary>An access token, or why there is none. Not a record, so that it is never logged by accident.</summary>
public sealed class AccessTokenResult
{
    internal static readonly AccessTokenResult Ended = new() { Status = AccessTokenStatus.SessionEnded };
    internal static readonly AccessTokenResult Unavailable = new() { Status = AccessTokenStatus.ProviderUnavailable };

    /// <summary>The outcome.</summary>
    public AccessTokenStatus Status { get; private init; }

    /// <summary>The value of the Authorization header (RFC 6750, 2.1); null unless the token is available.</summary>
    public string? Authorization { get; private init; }

    internal static AccessTokenResult FromTokens(SessionTokens tokens) =>
        new() { Authorization = $"Bearer {tokens.AccessToken}" };
}
