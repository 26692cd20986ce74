using System.Text;
using Lightning.Identity.Clients;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Web;

namespace Lightning.Identity.Requests;

/// <summary>A request from an authenticated client.</summary>
/// <param name="Client">The client.</param>
/// <param name="Parameters">The posted parameters.</param>
sealed record ClientRequest(Client Client, Parameters Parameters);

/// <summary>
/// Authenticates clients at the endpoints that they call directly: RFC 6749, 2.3; OpenID Connect Core 1.0, 9.
/// </summary>
sealed class ClientAuthentication(ClientRegistry clients, ProtocolRateLimits limits)
{
    static readonly RequestCheck<Attempt>[] Checks =
    [
        FormIsPosted,
        ParametersAreWellFormed,
        HeaderIsValid,
        OneMethodIsUsed,
        ClientIsKnown,
        ClientIdsMatch,
        SecretIsCorrect,
    ];

    // RFC 6749, 3.2: posted as a form; query parameters are ignored.
    static ProtocolError? FormIsPosted(Attempt attempt) =>
        attempt.Form is null
            ? ProtocolError.InvalidRequest("Post the parameters as application/x-www-form-urlencoded.")
            : null;

    // RFC 6749, 3.2.
    static ProtocolError? ParametersAreWellFormed(Attempt attempt) => attempt.Form!.Error;

    // RFC 7617, 2.
    static ProtocolError? HeaderIsValid(Attempt attempt) =>
        attempt.HasHeader && attempt.Header is null
            ? ProtocolError.InvalidClient("The Authorization header is not a valid Basic header.")
            : null;

    // RFC 6749, 2.3: one authentication method a request.
    static ProtocolError? OneMethodIsUsed(Attempt attempt) =>
        attempt.HasHeader && attempt.Form!["client_secret"] is not null
            ? ProtocolError.InvalidRequest("Send the client secret in one place only.")
            : null;

    // RFC 6749, 5.2.
    static ProtocolError? ClientIsKnown(Attempt attempt) =>
        attempt.Client is null ? ProtocolError.InvalidClient("Unknown client or wrong client secret.") : null;

    // RFC 6749, 3.2.1.
    static ProtocolError? ClientIdsMatch(Attempt attempt) =>
        attempt.HasHeader && attempt.Form!["client_id"] is { } id && id != attempt.Client!.Id
            ? ProtocolError.InvalidRequest("client_id and the Authorization header name different clients.")
            : null;

    // RFC 6749, 2.3.1. A public client must not send a secret.
    static ProtocolError? SecretIsCorrect(Attempt attempt) =>
        (attempt.Client!.IsPublic, attempt.Secret) switch
        {
            (true, null) => null,
            (false, { } secret) when attempt.Client.HasSecret(secret) => null,
            _ => ProtocolError.InvalidClient("Unknown client or wrong client secret."),
        };

    /// <summary>
    /// Authenticates the client and applies the rate limits. Returns the request or an error, never both.
    /// </summary>
    public async Task<(ClientRequest? Request, ProtocolError? Error)> AuthenticateAsync(HttpContext http)
    {
        var form = await Parameters.FromFormAsync(http.Request);
        var header = http.Request.Headers.Authorization.ToString();
        var basic = Decode(header);
        var attempt = new Attempt(
            form,
            header.Length > 0,
            basic,
            clients.Find(header.Length > 0 ? basic?.Id : form?["client_id"])
        );
        var error = Checks.FirstError(attempt);
        var mayCall =
            error is null && !attempt.Client!.IsPublic
                ? limits.MayCall(http, attempt.Client, IsSignIn(http, form!))
                : limits.MayCall(http);
        if (!mayCall)
            return (null, ProtocolError.TooManyRequests);
        return error is not null ? (null, error) : (new ClientRequest(attempt.Client!, form!), null);
    }

    static bool IsSignIn(HttpContext http, Parameters form) =>
        http.Request.Path == Paths.PushedRequest || form["grant_type"] == GrantTypes.AuthorizationCode;

    static Credentials? Decode(string header)
    {
        const string scheme = "Basic ";
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[scheme.Length..].Trim(), bytes, out var length))
            return null;
        // RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
        return Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is [var id, var secret]
            ? new Credentials(FormDecode(id), FormDecode(secret))
            : null;
    }

    static string FormDecode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    sealed record Credentials(string Id, string Secret);

    sealed record Attempt(Parameters? Form, bool HasHeader, Credentials? Header, Client? Client)
    {
        public string? Secret => HasHeader ? Header?.Secret : Form?["client_secret"];
    }
}
