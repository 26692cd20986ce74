using Lightning.Identity.Requests;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.Endpoints;

/// <summary>
/// The revocation endpoint: RFC 7009. Revoking any token revokes its whole grant: refresh tokens everywhere, access
/// tokens where this provider is asked (UserInfo, introspection). The session continues, because other clients may
/// share it.
/// </summary>
static class RevocationEndpoint
{
    /// <summary>Checks after client authentication.</summary>
    static readonly RequestCheck<Revocation>[] Checks = [TokenIsPresent, TokenBelongsToClient];

    // RFC 7009, 2.1.
    static ProtocolError? TokenIsPresent(Revocation revocation) =>
        revocation.Request.Parameters["token"] is null ? ProtocolError.InvalidRequest("token is missing.") : null;

    // RFC 7009, 2.1: a token of another client is refused and not revoked.
    static ProtocolError? TokenBelongsToClient(Revocation revocation) =>
        revocation.ClientId is null || revocation.ClientId == revocation.Request.Client.Id
            ? null
            : ProtocolError.InvalidGrant("The token was issued to another client.");

    public static void MapRevocation(this IEndpointRouteBuilder routes) =>
        routes.MapPost(Paths.Revocation, HandleAsync);

    static async Task<IResult> HandleAsync(
        HttpContext http,
        ClientAuthentication authentication,
        ActiveTokens live,
        TokenFactory tokens,
        ClientGrants grants
    )
    {
        http.Response.Headers.CacheControl = "no-store";
        var (caller, authenticationError) = await authentication.AuthenticateAsync(http);
        if (authenticationError is not null)
            return authenticationError.ToResult(http);
        var revocation = await ReadAsync(caller!, live, tokens);
        if (Checks.FirstError(revocation) is { } error)
            return error.ToResult(http);
        if (revocation.Grant is { } grant)
            await grants.RevokeAsync(grant);
        // RFC 7009, 2.2: an unknown token counts as revoked.
        return Results.Ok();
    }

    // token_type_hint may be ignored (RFC 7009, 2.1): the formats of the two token types differ.
    static async Task<Revocation> ReadAsync(ClientRequest caller, ActiveTokens live, TokenFactory tokens)
    {
        if (caller.Parameters["token"] is not { } token)
            return new Revocation(caller, null, null);
        if (await live.FindAnyRefreshTokenAsync(token, CancellationToken.None) is { } refreshToken)
            return new Revocation(caller, refreshToken.ClientId, refreshToken.Family);
        return await tokens.ReadAccessTokenAsync(token, CancellationToken.None) is { } accessToken
            ? new Revocation(caller, accessToken.GetClaim("client_id").Value, TokenFactory.GrantIdOf(accessToken))
            : new Revocation(caller, null, null);
    }

    sealed record Revocation(ClientRequest Request, string? ClientId, Guid? Grant);
}
