using System.Globalization;
using Lightning.Identity.Acting;
using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Protocol;

/// <summary>The authorization endpoint: RFC 6749, 3.1; OpenID Connect Core 1.0, 3.1.2.</summary>
static class AuthorizeEndpoint
{
    /// <summary>Until these hold, the redirect URI is nobody's: their faults are shown here and sent nowhere (RFC 6749, 4.1.2.1; RFC 9700, 4.11.2).</summary>
    public static readonly Check<AuthorizationRequest>[] BeforeRedirecting =
    [
        ClientIsKnown,
        RedirectUriIsRegistered,
    ];

    /// <summary>Their faults are told to the client, at its redirect URI or in the answer to its pushed request.</summary>
    public static readonly Check<AuthorizationRequest>[] Checks =
    [
        ParametersStandOnce,
        ClientMayUseCodes,
        NoRequestObject,
        NoRegistration,
        ResponseTypeIsCode,
        ResponseModeIsQuery,
        ScopeIsTheClients,
        ChallengeIsS256,
        PromptIsUnderstood,
        MaxAgeIsSeconds,
        NoIdTokenHint,
        HandoverIsForThisClient,
    ];

    /// <summary>What a request must be besides, when a browser brings it.</summary>
    static readonly Check<AuthorizationRequest>[] OfTheBrowser =
    [
        HandoverWasPushed,
    ];

    // RFC 6749, 4.1.2.1.
    static ProtocolError? ClientIsKnown(AuthorizationRequest request) =>
        request.Client is null ? ProtocolError.InvalidRequest("client_id names no client of this provider.") : null;

    // RFC 9700, 2.1: compared character by character; RFC 8252, 7.3: but for the port of a native app on loopback. OpenID Connect Core 1.0, 3.1.2.1: never left out.
    static ProtocolError? RedirectUriIsRegistered(AuthorizationRequest request) =>
        request.RedirectUri is null || !request.Client!.MayRedirectTo(request.RedirectUri)
            ? ProtocolError.InvalidRequest("redirect_uri is none of the client's redirect URIs.") : null;

    // RFC 6749, 3.1.
    static ProtocolError? ParametersStandOnce(AuthorizationRequest request) => request.Parameters.Fault;

    // RFC 6749, 4.1.2.1.
    static ProtocolError? ClientMayUseCodes(AuthorizationRequest request) =>
        request.Client!.GrantTypes.Contains(GrantTypes.AuthorizationCode) ? null : ProtocolError.UnauthorizedClient("This client may not ask for a code.");

    // OpenID Connect Core 1.0, 6.1: not offered, and a request is never read without what it says in there.
    static ProtocolError? NoRequestObject(AuthorizationRequest request) =>
        request.Parameters["request"] is null ? null : ProtocolError.RequestNotSupported("Request objects are not supported; push the request instead (RFC 9126).");

    // OpenID Connect Core 1.0, 7.2.1.
    static ProtocolError? NoRegistration(AuthorizationRequest request) =>
        request.Parameters["registration"] is null ? null : ProtocolError.RegistrationNotSupported("Clients are registered by configuration only.");

    // RFC 9700, 2.1.2: no implicit grant, no token from here.
    static ProtocolError? ResponseTypeIsCode(AuthorizationRequest request) => request.Parameters["response_type"] switch
    {
        "code" => null,
        null => ProtocolError.InvalidRequest("response_type is missing; it must be code."),
        _ => ProtocolError.UnsupportedResponseType("response_type must be code."),
    };

    // OAuth 2.0 Multiple Response Type Encoding Practices, 2.1.
    static ProtocolError? ResponseModeIsQuery(AuthorizationRequest request) =>
        request.Parameters["response_mode"] is null or "query" ? null : ProtocolError.InvalidRequest("response_mode must be query.");

    // RFC 6749, 3.3.
    static ProtocolError? ScopeIsTheClients(AuthorizationRequest request) =>
        request.Scope.Length > 0 && request.Scope.All(request.Client!.Scopes.Contains) ? null
            : ProtocolError.InvalidScope("scope is missing, or holds what this client may not ask for.");

    // RFC 7636, 4.3 and 4.4.1; RFC 9700, 2.1.1. A method left out would mean plain.
    static ProtocolError? ChallengeIsS256(AuthorizationRequest request) =>
        request.Parameters["code_challenge_method"] == "S256" && request.CodeChallenge is { Length: 43 } challenge && challenge.All(IsBase64Url) ? null
            : ProtocolError.InvalidRequest("code_challenge with code_challenge_method=S256 is required (RFC 7636).");

    // OpenID Connect Core 1.0, 3.1.2.1; Initiating User Registration 1.0, 4.1.
    static ProtocolError? PromptIsUnderstood(AuthorizationRequest request) =>
        request.Prompt.All(prompt => prompt is "none" or "login" or "create") && !(request.Prompt.Contains("none", StringComparer.Ordinal) && request.Prompt.Length > 1) ? null
            : ProtocolError.InvalidRequest("prompt must be login, create, or none alone.");

    // OpenID Connect Core 1.0, 3.1.2.1.
    static ProtocolError? MaxAgeIsSeconds(AuthorizationRequest request) =>
        request.MaxAge is null || int.TryParse(request.MaxAge, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? null
            : ProtocolError.InvalidRequest("max_age must be a whole number of seconds.");

    // OpenID Connect Core 1.0, 3.1.2.1: whoever sends a hint relies on it, so it is not ignored.
    static ProtocolError? NoIdTokenHint(AuthorizationRequest request) =>
        request.Parameters["id_token_hint"] is null ? null : ProtocolError.InvalidRequest("id_token_hint is taken by the end-session endpoint only.");

    // Only the front end's own back end announces, on every page, that an administrator acts.
    static ProtocolError? HandoverIsForThisClient(AuthorizationRequest request) =>
        (request.Parameters["acting"] is null && request.Handover is null) || request.Client!.TakesActing ? null : ProtocolError.UnauthorizedClient("This client takes nobody who acts as another.");

    // RFC 9126, 1: what decides who one is goes no way that others see.
    static ProtocolError? HandoverWasPushed(AuthorizationRequest request) =>
        request.Parameters["acting"] is null ? null : ProtocolError.InvalidRequest("acting must be pushed (RFC 9126).");

    static bool IsBase64Url(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_';

    public static void MapAuthorize(this IEndpointRouteBuilder routes) =>
        // No CORS here, ever: RFC 9700, 2.6.
        routes.MapMethods(Paths.Authorize, [HttpMethods.Get, HttpMethods.Post], HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientRegistry clients, PushedRequests pushed, Codes codes, ActingStart acting, IOptions<ProviderOptions> options, TimeProvider clock)
    {
        http.Response.Headers.CacheControl = "no-store";
        var parameters = HttpMethods.IsPost(http.Request.Method) ? await Parameters.OfFormAsync(http.Request) : Parameters.OfQuery(http.Request);
        var client = clients.Find(parameters?["client_id"]);
        if (parameters is null) return new FaultPage(Faults.Unreadable("The request is no posted form."));
        var request = new AuthorizationRequest(parameters, client, clock.GetUtcNow());
        if (parameters["request_uri"] is { } requestUri)
        {
            // RFC 9126, 4: bound to the client that pushed it, good once. A person may come late or twice: they go on from the client's own page.
            if (client is null || await pushed.TakeAsync(requestUri, client, http) is not { } taken) return new FaultPage(Faults.RequestIsOver(client));
            request = taken;
        }

        if (BeforeRedirecting.FirstFault(request) is { } shown) return new FaultPage(Faults.Unreadable(shown.Description));
        var answer = new AuthorizationAnswer(request, options.Value.Issuer);
        if ((Checks.FirstFault(request) ?? OfTheBrowser.FirstFault(request)) is { } told) return answer.Refuse(told);

        // A post from another site carries no SameSite=Lax cookie; the request goes on as a navigation, which does.
        if (HttpMethods.IsPost(http.Request.Method)) return new SeeOther(await pushed.ParkAsync(request, browser: null, http.RequestAborted));

        if (request.Handover is { } handover)
        {
            var (begun, refusal) = await acting.BeginAsync(http, handover);
            return begun is null ? answer.Refuse(refusal!) : answer.Grant(await codes.IssueAsync(request, begun, http.RequestAborted));
        }

        var session = http.BrowserSession();
        if (session is not null && !MustSignIn(request, session, clock.GetUtcNow()))
            return answer.Grant(await codes.IssueAsync(request, session, http.RequestAborted));
        if (request.Prompt is ["none"]) return answer.Refuse(ProtocolError.LoginRequired("Nobody is signed in, or not recently enough."));

        var page = request.Prompt.Contains("create", StringComparer.Ordinal) ? Paths.Register : Paths.SignIn;
        var parked = await pushed.ParkAsync(request, FlowCookie.Ensure(http), http.RequestAborted);
        var query = new Dictionary<string, string?>(StringComparer.Ordinal) { ["returnUrl"] = parked, ["email"] = request.LoginHint };
        return new SeeOther(QueryHelpers.AddQueryString(page, query));
    }

    // OpenID Connect Core 1.0, 3.1.2.3. Whoever signed in after the request began has done what it asks.
    static bool MustSignIn(AuthorizationRequest request, LiveSession session, DateTimeOffset now)
    {
        if (session.AuthTime >= request.StartedAt) return false;
        // Whoever has made an account since has a session that is younger, however long ago another provider asked them who they are.
        if (request.Prompt.Contains("login", StringComparer.Ordinal) || (request.Prompt.Contains("create", StringComparer.Ordinal) && session.CreatedAt < request.StartedAt)) return true;
        return request.MaxAge is { } maxAge && now - session.AuthTime > TimeSpan.FromSeconds(int.Parse(maxAge, CultureInfo.InvariantCulture));
    }
}
