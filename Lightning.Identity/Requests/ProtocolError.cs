namespace Lightning.Identity.Requests;

/// <summary>An OAuth error response: a registered error code, and a description for the client's developer.</summary>
sealed record ProtocolError(string Code, string Description)
{
    // RFC 6749, 4.1.2.1 and 5.2.
    public static ProtocolError InvalidRequest(string description) => new("invalid_request", description);

    public static ProtocolError InvalidClient(string description) => new("invalid_client", description);

    public static ProtocolError InvalidGrant(string description) => new("invalid_grant", description);

    public static ProtocolError InvalidScope(string description) => new("invalid_scope", description);

    public static ProtocolError UnauthorizedClient(string description) => new("unauthorized_client", description);

    public static ProtocolError UnsupportedGrantType(string description) => new("unsupported_grant_type", description);

    public static ProtocolError UnsupportedResponseType(string description) =>
        new("unsupported_response_type", description);

    public static ProtocolError AccessDenied(string description) => new("access_denied", description);

    /// <summary>
    /// The rate limit is reached (RFC 6585, 4). The rate limiter has set Retry-After.
    /// </summary>
    public static ProtocolError TooManyRequests { get; } =
        new("temporarily_unavailable", "Too many requests: try again after the number of seconds in Retry-After.");

    // OpenID Connect Core 1.0, 3.1.2.6.
    public static ProtocolError LoginRequired(string description) => new("login_required", description);

    public static ProtocolError ConsentRequired(string description) => new("consent_required", description);

    public static ProtocolError RequestNotSupported(string description) => new("request_not_supported", description);

    public static ProtocolError RegistrationNotSupported(string description) =>
        new("registration_not_supported", description);
}
