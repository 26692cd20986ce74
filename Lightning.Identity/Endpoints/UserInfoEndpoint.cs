using Lightning.Identity.Clients;
using Lightning.Identity.RateLimits;
using Lightning.Identity.Requests;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Lightning.Identity.Endpoints;

/// <summary>
/// The UserInfo endpoint: OpenID Connect Core 1.0, 5.3. The access token is accepted in the Authorization header or in
/// a posted form (RFC 6750, 2.1 and 2.2), not in the query, which ends up in logs (RFC 9700, 4.3).
/// </summary>
static class UserInfoEndpoint
{
    static readonly RequestCheck<Bearer>[] Checks = [TokenIsActive, TokenHasUser, ScopeHasOpenId];

    // RFC 6750, 3.1; RFC 9068, 4. The session and the grant must be active too (ASVS 5.0, 7.4.1).
    static ProtocolError? TokenIsActive(Bearer bearer) =>
        bearer.Token is null
            ? new ProtocolError("invalid_token", "The access token is invalid or expired, or its session has ended.")
            : null;

    // OpenID Connect Core 1.0, 5.3: a client credentials token has no user.
    static ProtocolError? TokenHasUser(Bearer bearer) =>
        bearer.Session is null ? new ProtocolError("invalid_token", "The access token has no user.") : null;

    // OpenID Connect Core 1.0, 5.3.1.
    static ProtocolError? ScopeHasOpenId(Bearer bearer) =>
        bearer.Scope.Contains(Scopes.OpenId, StringComparer.Ordinal)
            ? null
            : new ProtocolError("insufficient_scope", "The access token does not have the openid scope.");

    public static void MapUserInfo(this IEndpointRouteBuilder routes) =>
        routes.MapMethods(Paths.UserInfo, [HttpMethods.Get, HttpMethods.Post], HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ActiveTokens tokens, ProtocolRateLimits limits)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (text, error) = await ReadTokenAsync(http.Request);
        if (text is null && error is null)
        {
            // RFC 6750, 3.1: without a token, no error code.
            http.Response.Headers.WWWAuthenticate = "Bearer realm=\"lightning\"";
            return Results.StatusCode(StatusCodes.Status401Unauthorized);
        }
        var active = text is null ? null : await tokens.FindAccessTokenAsync(text, http.RequestAborted);
        var bearer = new Bearer(active?.Token, active?.Session);
        error ??= Checks.FirstError(bearer);
        if (error is not null)
        {
            if (!limits.MayCall(http))
                return ProtocolError.TooManyRequests.ToResult(http);
            http.Response.Headers.WWWAuthenticate =
                $"Bearer realm=\"lightning\", error=\"{error.Code}\", error_description=\"{error.Description}\"";
            return Results.StatusCode(StatusOf(error));
        }
        var claims = bearer.Session!.Claims(bearer.Scope);
        claims["sub"] = bearer.Session.Subject;
        return Results.Json(claims, ProtocolJson.Default.DictionaryStringObject);
    }

    static async Task<(string? Token, ProtocolError? Error)> ReadTokenAsync(HttpRequest request)
    {
        const string scheme = "Bearer ",
            parameter = "access_token";
        var header = request.Headers.Authorization.ToString();
        var inHeader = header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? header[scheme.Length..].Trim()
            : null;
        var form = HttpMethods.IsPost(request.Method) ? await Parameters.FromFormAsync(request) : null;
        if (form?.Error is { } error)
            return (null, error);
        var inBody = form?[parameter];
        // RFC 6750, 2: one method a request.
        bool[] used = [inHeader is not null, inBody is not null, request.Query.ContainsKey(parameter)];
        return used.Count(isUsed => isUsed) > 1
            ? (null, ProtocolError.InvalidRequest("Send the access token in one place only."))
            : (inHeader ?? inBody, null);
    }

    // RFC 6750, 3.1.
    static int StatusOf(ProtocolError error) =>
        error.Code switch
        {
            "invalid_request" => StatusCodes.Status400BadRequest,
            "insufficient_scope" => StatusCodes.Status403Forbidden,
            _ => StatusCodes.Status401Unauthorized,
        };

    sealed record Bearer(JsonWebToken? Token, ProviderSession? Session)
    {
        public string[] Scope => Token?.GetClaim("scope").Value.Split(' ') ?? [];
    }
}
