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
        SessionIsAlive,
        ScopeHasOpenId,
    ];

    // RFC 6750, 3.1; the token itself is checked by RFC 9068, 4.
    static ProtocolError? TokenIsGood(Bearer bearer) => bearer.Token is null ? new ProtocolError("invalid_token", "The access token is no good.") : null;

    // ASVS 5.0, 7.4.1.
    static ProtocolError? SessionIsAlive(Bearer bearer) => bearer.Session is null ? new ProtocolError("invalid_token", "The session has ended.") : null;

    // OpenID Connect Core 1.0, 5.3.1.
    static ProtocolError? ScopeHasOpenId(Bearer bearer) =>
        bearer.Scope.Contains(Scopes.OpenId, StringComparer.Ordinal) ? null : new ProtocolError("insufficient_scope", "The access token lacks the scope openid.");

    public static void MapUserInfo(this IEndpointRouteBuilder routes) =>
        routes.MapMethods(Paths.UserInfo, [HttpMethods.Get, HttpMethods.Post], HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, TokenFactory tokens, LiveSessions sessions)
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
        var token = await tokens.ReadAccessTokenAsync(header[scheme.Length..].Trim(), http.RequestAborted);
        var session = Guid.TryParse(token?.GetClaim("sid")?.Value, out var sid) ? await sessions.FindAsync(sid, http.RequestAborted) : null;
        var bearer = new Bearer(token, session);
        if (Checks.FirstFault(bearer) is { } fault)
        {
            http.Response.Headers.WWWAuthenticate = $"Bearer realm=\"lightning\", error=\"{fault.Code}\", error_description=\"{fault.Description}\"";
            return Results.StatusCode(fault.Code == "insufficient_scope" ? StatusCodes.Status403Forbidden : StatusCodes.Status401Unauthorized);
        }
        var claims = session!.Claims(bearer.Scope);
        claims["sub"] = session.Subject;
        return Results.Json(claims, ProtocolJson.Default.DictionaryStringObject);
    }

    sealed record Bearer(JsonWebToken? Token, LiveSession? Session)
    {
        public string[] Scope => Token?.GetClaim("scope").Value.Split(' ') ?? [];
    }
}
