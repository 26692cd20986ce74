using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Sessions;
using Lightning.Identity.SignIn;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Lightning.Identity.Endpoints;

/// <summary>The end-session endpoint: OpenID Connect RP-Initiated Logout 1.0.</summary>
static class EndSessionEndpoint
{
    static readonly RequestCheck<LogoutRequest>[] Checks =
    [
        ParametersAreWellFormed,
        HintIsValid,
        HintMatchesClient,
        ClientIsKnown,
        RedirectUriIsRegistered,
    ];

    // RFC 6749, 3.1.
    static ProtocolError? ParametersAreWellFormed(LogoutRequest request) => request.Parameters.Error;

    // RP-Initiated Logout 1.0, 4.
    static ProtocolError? HintIsValid(LogoutRequest request) =>
        request.Parameters["id_token_hint"] is not null && request.Hint is null
            ? ProtocolError.InvalidRequest("id_token_hint is not an ID token of this provider.")
            : null;

    // RP-Initiated Logout 1.0, 2: client_id must be an audience of the hint.
    static ProtocolError? HintMatchesClient(LogoutRequest request) =>
        request.Hint is { } hint
        && request.Parameters["client_id"] is { } id
        && !hint.Audiences.Contains(id, StringComparer.Ordinal)
            ? ProtocolError.InvalidRequest("id_token_hint was issued to a client other than client_id.")
            : null;

    static ProtocolError? ClientIsKnown(LogoutRequest request) =>
        request.ClientId is not null && request.Client is null
            ? ProtocolError.InvalidRequest("client_id is not a registered client.")
            : null;

    // RP-Initiated Logout 1.0, 3: exact string comparison, and only for a known client.
    static ProtocolError? RedirectUriIsRegistered(LogoutRequest request) =>
        request.RedirectUri is { } uri && request.Client?.PostLogoutRedirectUris.Contains(uri) != true
            ? ProtocolError.InvalidRequest("post_logout_redirect_uri is not registered for this client.")
            : null;

    public static void MapEndSession(this IEndpointRouteBuilder routes) =>
        routes.MapMethods(Paths.EndSession, [HttpMethods.Get, HttpMethods.Post], HandleAsync);

    /// <summary>Reads a logout request.</summary>
    public static async Task<LogoutRequest> ReadAsync(
        Parameters parameters,
        ClientRegistry clients,
        TokenFactory tokens,
        CancellationToken cancellationToken
    ) =>
        new(
            parameters,
            parameters["id_token_hint"] is { } token
                ? await tokens.ReadIdTokenHintAsync(token, cancellationToken)
                : null,
            clients
        );

    /// <summary>Whether the request fails a check.</summary>
    public static bool IsInvalid(LogoutRequest request) => Checks.FirstError(request) is not null;

    static async Task<IResult> HandleAsync(
        HttpContext http,
        ClientRegistry clients,
        TokenFactory tokens,
        ProviderSessions sessions,
        BrowserSessions browser
    )
    {
        http.Response.Headers.CacheControl = "no-store";
        if (
            (
                HttpMethods.IsPost(http.Request.Method)
                    ? await Parameters.FromFormAsync(http.Request)
                    : Parameters.FromQuery(http.Request)
            )
            is not { } parameters
        )
            return new ErrorPageResult(PageErrors.InvalidRequest("The request is not a form post."));
        var request = await ReadAsync(parameters, clients, tokens, http.RequestAborted);
        if (Checks.FirstError(request) is { } error)
            return new ErrorPageResult(PageErrors.InvalidRequest(error.Description));

        // A cross-site POST carries no SameSite=Lax cookie; redirecting to a GET makes the browser send it.
        if (HttpMethods.IsPost(http.Request.Method))
            return new SeeOther(QueryHelpers.AddQueryString(Paths.EndSession, request.QueryParameters));

        // RP-Initiated Logout 1.0, 2 and 6: if the request does not prove that the client means this session, the user
        // confirms.
        if (http.BrowserSession() is { } session && request.Sid != session.Id)
        {
            if (request.Sid is { } other && await sessions.HasEndedAsync(other, http.RequestAborted))
                return new SeeOther(request.Destination);
            return new SeeOther(QueryHelpers.AddQueryString(Paths.SignOut, request.QueryParameters));
        }
        await browser.SignOutAsync(http);
        // A session started by token exchange has no cookie here; the ID token proves that the client means it
        // (RP-Initiated Logout 1.0, 2).
        if (request is { Hint: not null, Sid: { } sid })
            await browser.SignOutAsync(sid);
        return new SeeOther(request.Destination);
    }
}

/// <summary>A logout request (RP-Initiated Logout 1.0, 2).</summary>
sealed class LogoutRequest(Parameters parameters, JsonWebToken? hint, ClientRegistry clients)
{
    static readonly string[] Names = ["client_id", "id_token_hint", "logout_hint", "post_logout_redirect_uri", "state"];

    public Parameters Parameters => parameters;

    public JsonWebToken? Hint => hint;

    public string? ClientId => parameters["client_id"] ?? hint?.Audiences.FirstOrDefault();

    public Client? Client => clients.Find(ClientId);

    public string? RedirectUri => parameters["post_logout_redirect_uri"];

    /// <summary>
    /// The session that the client means; null if it names none. Only relying parties of a session know its sid.
    /// </summary>
    public Guid? Sid =>
        Guid.TryParse(
            hint is not null ? hint.GetClaim("sid").Value
                : Client is null ? null
                : parameters["logout_hint"],
            out var sid
        )
            ? sid
            : null;

    /// <summary>The parameters to repeat when the request is redirected.</summary>
    public Dictionary<string, string?> QueryParameters =>
        Names
            .Where(name => parameters[name] is not null)
            .ToDictionary(name => name, name => parameters[name], StringComparer.Ordinal);

    /// <summary>Where the user is redirected after signing out (RP-Initiated Logout 1.0, 3).</summary>
    public string Destination =>
        RedirectUri is null ? Paths.SignedOut
        : parameters["state"] is { } state ? QueryHelpers.AddQueryString(RedirectUri, "state", state)
        : RedirectUri;
}
