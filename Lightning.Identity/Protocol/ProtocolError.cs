using System.Text.Json.Serialization;
using Lightning.Identity.Web;

namespace Lightning.Identity.Protocol;

/// <summary>An error in the words of the protocol: a registered code, and a sentence for the developer of the client.</summary>
sealed record ProtocolError(string Code, string Description)
{
    // RFC 6749, 4.1.2.1 and 5.2.
    public static ProtocolError InvalidRequest(string description) => new("invalid_request", description);
    public static ProtocolError InvalidClient(string description) => new("invalid_client", description);
    public static ProtocolError InvalidGrant(string description) => new("invalid_grant", description);
    public static ProtocolError InvalidScope(string description) => new("invalid_scope", description);
    public static ProtocolError UnauthorizedClient(string description) => new("unauthorized_client", description);
    public static ProtocolError UnsupportedGrantType(string description) => new("unsupported_grant_type", description);
    public static ProtocolError UnsupportedResponseType(string description) => new("unsupported_response_type", description);

    public static ProtocolError AccessDenied(string description) => new("access_denied", description);

    /// <summary>Not now (RFC 6585, 4); <see cref="ConnectLimits"/> has said when.</summary>
    public static ProtocolError TooManyRequests { get; } = new("temporarily_unavailable", "Too many requests: try again after the seconds of Retry-After.");

    // OpenID Connect Core 1.0, 3.1.2.6.
    public static ProtocolError LoginRequired(string description) => new("login_required", description);
    public static ProtocolError RequestNotSupported(string description) => new("request_not_supported", description);
    public static ProtocolError RegistrationNotSupported(string description) => new("registration_not_supported", description);

    /// <summary>The answer of an endpoint that clients call themselves (RFC 6749, 5.2).</summary>
    public IResult ToResult(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (Code != "invalid_client")
            return Results.Json(new Body(Code, Description), ProtocolJson.Default.Body, statusCode: this == TooManyRequests ? StatusCodes.Status429TooManyRequests : StatusCodes.Status400BadRequest);
        http.Response.Headers.WWWAuthenticate = "Basic realm=\"lightning\"";
        return Results.Json(new Body(Code, Description), ProtocolJson.Default.Body, statusCode: StatusCodes.Status401Unauthorized);
    }

    internal sealed record Body(
        [property: JsonPropertyName("error")] string Error,
        [property: JsonPropertyName("error_description")] string Description);
}
