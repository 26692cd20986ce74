using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Lightning.Identity.Protocol;

/// <summary>The end-session endpoint: OpenID Connect RP-Initiated Logout 1.0.</summary>
static class EndSessionEndpoint
{
    static readonly Check<LogoutRequest>[] Checks =
    [
        ParametersStandOnce,
        HintIsOurs,
        HintIsTheClients,
        ClientIsKnown,
        RedirectUriIsRegistered,
    ];

    // RFC 6749, 3.1.
    static ProtocolError? ParametersStandOnce(LogoutRequest request) => request.Parameters.Fault;

    // RP-Initiated Logout 1.0, 4.
    static ProtocolError? HintIsOurs(LogoutRequest request) =>
        request.Parameters["id_token_hint"] is not null && request.Hint is null ? ProtocolError.InvalidRequest("id_token_hint is no ID token of this provider.") : null;

    // RP-Initiated Logout 1.0, 2: client_id and the hint's audience are the same.
    static ProtocolError? HintIsTheClients(LogoutRequest request) =>
        request.Hint is { } hint && request.Parameters["client_id"] is { } id && !hint.Audiences.Contains(id, StringComparer.Ordinal)
            ? ProtocolError.InvalidRequest("id_token_hint was made for another client than client_id.") : null;

    static ProtocolError? ClientIsKnown(LogoutRequest request) =>
        request.ClientId is not null && request.Client is null ? ProtocolError.InvalidRequest("client_id names no client of this provider.") : null;

    // RP-Initiated Logout 1.0, 3: compared character by character, and only where the client is known.
    static ProtocolError? RedirectUriIsRegistered(LogoutRequest request) =>
        request.RedirectUri is { } uri && request.Client?.PostLogoutRedirectUris.Contains(uri) != true
            ? ProtocolError.InvalidRequest("post_logout_redirect_uri is none of the client's.") : null;

    public static void MapEndSession(this IEndpointRouteBuilder routes) =>
        routes.MapMethods(Paths.EndSession, [HttpMethods.Get, HttpMethods.Post], HandleAsync);

    /// <summary>Reads a request to sign out.</summary>
    public static async Task<LogoutRequest> ReadAsync(Parameters parameters, ClientRegistry clients, TokenFactory tokens, CancellationToken cancellationToken) =>
        new(parameters, parameters["id_token_hint"] is { } token ? await tokens.ReadIdTokenHintAsync(token, cancellationToken) : null, clients);

    /// <summary>Whether a request must not be followed.</summary>
    public static bool IsFaulty(LogoutRequest request) => Checks.FirstFault(request) is not null;

    static async Task<IResult> HandleAsync(HttpContext http, ClientRegistry clients, TokenFactory tokens, LiveSessions sessions, BrowserSessions browser)
    {
        http.Response.Headers.CacheControl = "no-store";
        if ((HttpMethods.IsPost(http.Request.Method) ? await Parameters.OfFormAsync(http.Request) : Parameters.OfQuery(http.Request)) is not { } parameters)
            return new FaultPage(Faults.Unreadable("The request is no posted form."));
        var request = await ReadAsync(parameters, clients, tokens, http.RequestAborted);
        if (Checks.FirstFault(request) is { } fault) return new FaultPage(Faults.Unreadable(fault.Description));

        // A post from another site carries no SameSite=Lax cookie; as a navigation the request does.
        if (HttpMethods.IsPost(http.Request.Method)) return new SeeOther(QueryHelpers.AddQueryString(Paths.EndSession, request.Kept));

        // RP-Initiated Logout 1.0, 2 and 6: without proof that the client means this session, the person is asked; nobody is asked about nothing.
        if (http.BrowserSession() is { } session && request.Sid != session.Id)
        {
            if (request.Sid is { } other && await sessions.HasEndedAsync(other, http.RequestAborted)) return new SeeOther(request.Destination);
            return new SeeOther(QueryHelpers.AddQueryString(Paths.SignOut, request.Kept));
        }
        await browser.SignOutAsync(http);
        // A session that was begun by exchange has no cookie here: the ID token shows that the client means it (RP-Initiated Logout 1.0, 2).
        if (request is { Hint: not null, Sid: { } sid }) await browser.SignOutAsync(sid);
        return new SeeOther(request.Destination);
    }
}

/// <summary>A request to sign out, and where it leads.</summary>
sealed class LogoutRequest(Parameters parameters, JsonWebToken? hint, ClientRegistry clients)
{
    static readonly string[] Names = ["client_id", "id_token_hint", "logout_hint", "post_logout_redirect_uri", "state"];

    public Parameters Parameters => parameters;

    public JsonWebToken? Hint => hint;

    public string? ClientId => parameters["client_id"] ?? hint?.Audiences.FirstOrDefault();

    public Client? Client => clients.Find(ClientId);

    public string? RedirectUri => parameters["post_logout_redirect_uri"];

    /// <summary>Which session the client means: its sid is known to its relying parties only.</summary>
    public Guid? Sid => Guid.TryParse(hint is not null ? hint.GetClaim("sid").Value : Client is null ? null : parameters["logout_hint"], out var sid) ? sid : null;

    /// <summary>The parameters that the request goes on with.</summary>
    public Dictionary<string, string?> Kept => Names.Where(name => parameters[name] is not null).ToDictionary(name => name, name => parameters[name], StringComparer.Ordinal);

    /// <summary>Where the person goes when it is done (RP-Initiated Logout 1.0, 3).</summary>
    public string Destination => RedirectUri is null ? Paths.SignedOut
        : parameters["state"] is { } state ? QueryHelpers.AddQueryString(RedirectUri, "state", state) : RedirectUri;
}
