using System.Globalization;
using Lightning.Identity.Clients;
using Lightning.Identity.Impersonation;
using Lightning.Identity.Requests;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Endpoints;

/// <summary>The authorization endpoint: RFC 6749, 3.1; OpenID Connect Core 1.0, 3.1.2.</summary>
static class AuthorizeEndpoint
{
    /// <summary>
    /// The redirect URI is not trusted until these checks pass, so their errors are shown here and not sent to the
    /// client (RFC 6749, 4.1.2.1; RFC 9700, 4.11.2).
    /// </summary>
    public static readonly RequestCheck<AuthorizationRequest>[] ChecksBeforeRedirect =
    [
        ClientIsKnown,
        RedirectUriIsRegistered,
    ];

    /// <summary>
    /// Errors of these checks are sent to the client: to its redirect URI, or in the response to its pushed request.
    /// </summary>
    public static readonly RequestCheck<AuthorizationRequest>[] Checks =
    [
        ParametersAreWellFormed,
        ClientMayUseCodes,
        NoRequestObject,
        NoRegistration,
        ResponseTypeIsCode,
        ResponseModeIsQuery,
        ScopeIsAllowed,
        CodeChallengeIsS256,
        PromptIsSupported,
        MaxAgeIsSeconds,
        NoIdTokenHint,
        TicketIsForThisClient,
    ];

    /// <summary>Additional checks for requests that come from a browser.</summary>
    static readonly RequestCheck<AuthorizationRequest>[] BrowserChecks = [TicketWasPushed];

    // RFC 6749, 4.1.2.1.
    static ProtocolError? ClientIsKnown(AuthorizationRequest request) =>
        request.Client is null ? ProtocolError.InvalidRequest("client_id is not a registered client.") : null;

    // RFC 9700, 2.1: exact string comparison. RFC 8252, 7.3: any port for a native app on loopback. OpenID Connect Core
    // 1.0, 3.1.2.1: required.
    static ProtocolError? RedirectUriIsRegistered(AuthorizationRequest request) =>
        request.RedirectUri is null || !request.Client!.MayRedirectTo(request.RedirectUri)
            ? ProtocolError.InvalidRequest("redirect_uri is not registered for this client.")
            : null;

    // RFC 6749, 3.1.
    static ProtocolError? ParametersAreWellFormed(AuthorizationRequest request) => request.Parameters.Error;

    // RFC 6749, 4.1.2.1.
    static ProtocolError? ClientMayUseCodes(AuthorizationRequest request) =>
        request.Client!.GrantTypes.Contains(GrantTypes.AuthorizationCode)
            ? null
            : ProtocolError.UnauthorizedClient("This client may not use the authorization code flow.");

    // OpenID Connect Core 1.0, 6.1: not supported, and refused because ignoring it would drop its parameters.
    static ProtocolError? NoRequestObject(AuthorizationRequest request) =>
        request.Parameters["request"] is null
            ? null
            : ProtocolError.RequestNotSupported(
                "Request objects are not supported; push the request instead (RFC 9126)."
            );

    // OpenID Connect Core 1.0, 7.2.1.
    static ProtocolError? NoRegistration(AuthorizationRequest request) =>
        request.Parameters["registration"] is null
            ? null
            : ProtocolError.RegistrationNotSupported("Clients are registered by configuration only.");

    // RFC 9700, 2.1.2: no implicit grant, so this endpoint never issues tokens.
    static ProtocolError? ResponseTypeIsCode(AuthorizationRequest request) =>
        request.Parameters["response_type"] switch
        {
            "code" => null,
            null => ProtocolError.InvalidRequest("response_type is missing; it must be code."),
            _ => ProtocolError.UnsupportedResponseType("response_type must be code."),
        };

    // OAuth 2.0 Multiple Response Type Encoding Practices, 2.1.
    static ProtocolError? ResponseModeIsQuery(AuthorizationRequest request) =>
        request.Parameters["response_mode"] is null or "query"
            ? null
            : ProtocolError.InvalidRequest("response_mode must be query.");

    // RFC 6749, 3.3.
    static ProtocolError? ScopeIsAllowed(AuthorizationRequest request) =>
        request.Scope.Length > 0 && request.Scope.All(request.Client!.Scopes.Contains)
            ? null
            : ProtocolError.InvalidScope("scope is missing, or contains a scope that this client may not request.");

    // RFC 7636, 4.3 and 4.4.1; RFC 9700, 2.1.1. Without a method the default would be plain.
    static ProtocolError? CodeChallengeIsS256(AuthorizationRequest request) =>
        request.Parameters["code_challenge_method"] == "S256"
        && request.CodeChallenge is { Length: 43 } challenge
        && challenge.All(IsBase64Url)
            ? null
            : ProtocolError.InvalidRequest("code_challenge with code_challenge_method=S256 is required (RFC 7636).");

    // OpenID Connect Core 1.0, 3.1.2.1; Initiating User Registration 1.0, 4.1.
    static ProtocolError? PromptIsSupported(AuthorizationRequest request) =>
        request.Prompt.All(prompt => prompt is "none" or "login" or "create")
        && !(request.Prompt.Contains("none", StringComparer.Ordinal) && request.Prompt.Length > 1)
            ? null
            : ProtocolError.InvalidRequest("prompt must be login, create, or none alone.");

    // OpenID Connect Core 1.0, 3.1.2.1.
    static ProtocolError? MaxAgeIsSeconds(AuthorizationRequest request) =>
        request.MaxAge is null || int.TryParse(request.MaxAge, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? null
            : ProtocolError.InvalidRequest("max_age must be a whole number of seconds.");

    // OpenID Connect Core 1.0, 3.1.2.1: a client that sends a hint relies on it, so it is refused instead of ignored.
    static ProtocolError? NoIdTokenHint(AuthorizationRequest request) =>
        request.Parameters["id_token_hint"] is null
            ? null
            : ProtocolError.InvalidRequest("id_token_hint is supported by the end-session endpoint only.");

    // Only the front end's BFF shows on every page that an administrator impersonates the user.
    static ProtocolError? TicketIsForThisClient(AuthorizationRequest request) =>
        (request.Parameters["acting"] is null && request.ImpersonationTicketHash is null)
        || request.Client!.AllowsImpersonation
            ? null
            : ProtocolError.UnauthorizedClient("This client does not support impersonation.");

    // RFC 9126, 1: a value that decides who is signed in must not pass through the browser.
    static ProtocolError? TicketWasPushed(AuthorizationRequest request) =>
        request.Parameters["acting"] is null ? null : ProtocolError.InvalidRequest("acting must be pushed (RFC 9126).");

    static bool IsBase64Url(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_';

    public static void MapAuthorize(this IEndpointRouteBuilder routes) =>
        // RFC 9700, 2.6: never CORS here.
        routes.MapMethods(Paths.Authorize, [HttpMethods.Get, HttpMethods.Post], HandleAsync);

    /// <summary>The services that the endpoint needs.</summary>
    internal sealed record Services(
        ClientRegistry Clients,
        PendingRequests Pending,
        ClientConsents Consents,
        AuthorizationCodes Codes,
        ImpersonationStarter Impersonations,
        IOptions<ProviderOptions> Options,
        TimeProvider Clock
    );

    static async Task<IResult> HandleAsync(HttpContext http, [AsParameters] Services services)
    {
        http.Response.Headers.CacheControl = "no-store";
        var parameters = HttpMethods.IsPost(http.Request.Method)
            ? await Parameters.FromFormAsync(http.Request)
            : Parameters.FromQuery(http.Request);
        var client = services.Clients.Find(parameters?["client_id"]);
        if (parameters is null)
            return new ErrorPageResult(PageErrors.InvalidRequest("The request is not a form post."));
        var request = new AuthorizationRequest(parameters, client, services.Clock.GetUtcNow());
        if (parameters["request_uri"] is { } requestUri)
        {
            // RFC 9126, 4: bound to the client that pushed it, and usable once. If the request has expired or was used,
            // the page links to the client.
            if (client is null || await services.Pending.ConsumeAsync(requestUri, client, http) is not { } stored)
                return new ErrorPageResult(PageErrors.RequestExpired(client?.Start, http.BrowserSession() is not null));
            request = stored;
        }

        if (ChecksBeforeRedirect.FirstError(request) is { } pageError)
            return new ErrorPageResult(PageErrors.InvalidRequest(pageError.Description));
        var response = new AuthorizationResponse(request, services.Options.Value.Issuer);
        if ((Checks.FirstError(request) ?? BrowserChecks.FirstError(request)) is { } error)
            return response.Error(error);

        // A cross-site POST carries no SameSite=Lax cookie; redirecting to a GET makes the browser send it.
        if (HttpMethods.IsPost(http.Request.Method))
            return new SeeOther(await services.Pending.SuspendAsync(request, browser: null, http.RequestAborted));

        if (request.ImpersonationTicketHash is { } ticket)
        {
            var (impersonation, refusal) = await services.Impersonations.BeginAsync(http, ticket);
            return impersonation is null
                ? response.Error(refusal!)
                : response.Success(await services.Codes.IssueAsync(request, impersonation, http.RequestAborted));
        }

        var session = http.BrowserSession();
        if (session is null || MustSignIn(request, session, services.Clock.GetUtcNow()))
        {
            if (request.Prompt is ["none"])
                return response.Error(ProtocolError.LoginRequired("No user is signed in, or not recently enough."));
            var page = request.Prompt.Contains("create", StringComparer.Ordinal) ? Paths.Register : Paths.SignIn;
            return await InterruptAsync(http, services.Pending, request, page);
        }
        if (await services.Consents.IsRequiredAsync(request, session.UserId, http.RequestAborted))
            return request.Prompt is ["none"]
                ? response.Error(ProtocolError.ConsentRequired("The user has not agreed to this client yet."))
                : await InterruptAsync(http, services.Pending, request, Paths.Consent);
        return response.Success(await services.Codes.IssueAsync(request, session, http.RequestAborted));
    }

    /// <summary>Suspends the request and redirects to a page that resumes it.</summary>
    static async Task<SeeOther> InterruptAsync(
        HttpContext http,
        PendingRequests pending,
        AuthorizationRequest request,
        string page
    )
    {
        var query = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["returnUrl"] = await pending.SuspendAsync(request, FlowCookie.GetOrCreate(http), http.RequestAborted),
            ["email"] = page == Paths.Consent ? null : request.LoginHint,
        };
        return new SeeOther(QueryHelpers.AddQueryString(page, query));
    }

    // OpenID Connect Core 1.0, 3.1.2.3. A sign-in after the request started satisfies the request.
    static bool MustSignIn(AuthorizationRequest request, ProviderSession session, DateTimeOffset now)
    {
        if (session.AuthTime >= request.StartedAt)
            return false;
        // For prompt=create, the age of the session counts: a new account's authentication time can be older if an
        // upstream provider authenticated the user.
        if (
            request.Prompt.Contains("login", StringComparer.Ordinal)
            || (request.Prompt.Contains("create", StringComparer.Ordinal) && session.CreatedAt < request.StartedAt)
        )
            return true;
        return request.MaxAge is { } maxAge
            && now - session.AuthTime > TimeSpan.FromSeconds(int.Parse(maxAge, CultureInfo.InvariantCulture));
    }
}
