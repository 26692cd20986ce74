using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Protocol;

/// <summary>
/// The revocation endpoint: RFC 7009. Whichever of its tokens a client names, the whole grant falls: its refresh tokens at once and everywhere, its access tokens
/// wherever this provider is asked (UserInfo, introspection). The session goes on, for other clients may share it; ending it is what the end-session endpoint is for.
/// </summary>
static class RevocationEndpoint
{
    /// <summary>What a call must be, once the client has said who it is; a public one without proof (RFC 7009, 2.1).</summary>
    static readonly Check<Revocation>[] Checks =
    [
        TokenIsThere,
        TokenIsTheClients,
    ];

    // RFC 7009, 2.1.
    static ProtocolError? TokenIsThere(Revocation revocation) => revocation.Caller.Parameters["token"] is null ? ProtocolError.InvalidRequest("token is missing.") : null;

    // RFC 7009, 2.1: refused, and nothing happens to it.
    static ProtocolError? TokenIsTheClients(Revocation revocation) =>
        revocation.ClientId is null || revocation.ClientId == revocation.Caller.Client.Id ? null : ProtocolError.InvalidGrant("The token was issued to another client.");

    public static void MapRevocation(this IEndpointRouteBuilder routes) => routes.MapPost(Paths.Revocation, HandleAsync);

    static async Task<IResult> HandleAsync(HttpContext http, ClientAuthentication authentication, LiveTokens live, TokenFactory tokens, ClientGrants grants)
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, stranger) = await authentication.AuthenticateAsync(http);
        if (stranger is not null) return stranger.ToResult(http);
        var revocation = await ReadAsync(caller!, live, tokens);
        if (Checks.FirstFault(revocation) is { } fault) return fault.ToResult(http);
        if (revocation.Grant is { } grant) await grants.RevokeAsync(grant);
        // RFC 7009, 2.2: a token that is not known is as good as revoked.
        return Results.Ok();
    }

    // token_type_hint may be ignored (RFC 7009, 2.1): the two kinds cannot be mistaken for each other.
    static async Task<Revocation> ReadAsync(Caller caller, LiveTokens live, TokenFactory tokens)
    {
        if (caller.Parameters["token"] is not { } token) return new Revocation(caller, null, null);
        if (await live.FindSpentRefreshTokenAsync(token, CancellationToken.None) is { } refreshToken) return new Revocation(caller, refreshToken.ClientId, refreshToken.Family);
        return await tokens.ReadAccessTokenAsync(token, CancellationToken.None) is { } accessToken
            ? new Revocation(caller, accessToken.GetClaim("client_id").Value, TokenFactory.GrantOf(accessToken)) : new Revocation(caller, null, null);
    }

    sealed record Revocation(Caller Caller, string? ClientId, Guid? Grant);
}
