using Lightning.Identity.Clients;
using Lightning.Identity.Sessions;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Lightning.Identity.Protocol;

/// <summary>The UserInfo endpoint: OpenID Connect Core 1.0, 5.3. The token comes in the header and nowhere else (RFC 9700, 4.3).</summary>
static class UserInfoEndpoint
{
    static readonly Check<Bearer>[] Checks =
    [
        TokenIsGood,
        SomebodyIsMeant,
        ScopeHasOpenId,
    ];

    // RFC 6750, 3.1; the token itself is checked by RFC 9068, 4, and is no better than its session and its grant (ASVS 5.0, 7.4.1).
    static ProtocolError? TokenIsGood(Bearer bearer) => bearer.Token is null ? new ProtocolError("invalid_token", "The access token is no good, or its session has ended.") : null;

    // OpenID Connect Core 1.0, 5.3: a service's own token is nobody's.
    static ProtocolError? SomebodyIsMeant(Bearer bearer) => bearer.Session is null ? new ProtocolError("invalid_token", "The access token is a client's own.") : null;

    // OpenID Connect Core 1.0, 5.3.1.
    static ProtocolError? ScopeHasOpenId(Bearer bearer) =>
        bearer.Scope.Contains(Scopes.OpenId, StringComparer.Ordinal) ? null : new ProtocolError("insufficient_scope", "The access token lacks the scope openid.");

    public static void MapUserInfo(this IEndpointRouteBuilder routes) =>
        routes.MapMethods(Paths.UserInfo, [HttpMethods.Get, HttpMethods.Post], HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, LiveTokens tokens)
    {
        const string scheme = "Bearer ";
        http.Response.Headers.CacheControl = "no-store";
        var header = http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        {
            // RFC 6750, 3.1: who sends no token is told no error.
            http.Response.Headers.WWWAuthenticate = "Bearer realm=\"lightning\"";
            return Results.StatusCode(StatusCodes.Status401Unauthorized);
        }
        var live = await tokens.FindAccessTokenAsync(header[scheme.Length..].Trim(), http.RequestAborted);
        var bearer = new Bearer(live?.Token, live?.Session);
        if (Checks.FirstFault(bearer) is { } fault)
        {
            http.Response.Headers.WWWAuthenticate = $"Bearer realm=\"lightning\", error=\"{fault.Code}\", error_description=\"{fault.Description}\"";
            return Results.StatusCode(fault.Code == "insufficient_scope" ? StatusCodes.Status403Forbidden : StatusCodes.Status401Unauthorized);
        }
        var claims = bearer.Session!.Claims(bearer.Scope);
        claims["sub"] = bearer.Session.Subject;
        return Results.Json(claims, ProtocolJson.Default.DictionaryStringObject);
    }

    sealed record Bearer(JsonWebToken? Token, LiveSession? Session)
    {
        public string[] Scope => Token?.GetClaim("scope").Value.Split(' ') ?? [];
    }
}
