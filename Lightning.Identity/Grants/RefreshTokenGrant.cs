using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Tokens;

namespace Lightning.Identity.Grants;

/// <summary>
/// Exchanges a refresh token for new tokens: RFC 6749, 6; OpenID Connect Core 1.0, 12. <see cref="RefreshTokens"/>
/// validates the token.
/// </summary>
sealed class RefreshTokenGrant(RefreshTokens refreshTokens) : ITokenGrant
{
    static readonly RequestCheck<ClientRequest>[] All = [TokenIsPresent];

    // RFC 6749, 6.
    static ProtocolError? TokenIsPresent(ClientRequest caller) =>
        caller.Parameters["refresh_token"] is null ? ProtocolError.InvalidRequest("refresh_token is missing.") : null;

    public string Type => GrantTypes.RefreshToken;

    public RequestCheck<ClientRequest>[] Checks => All;

    public Task<(Grant? Grant, ProtocolError? Error)> HandleAsync(ClientRequest caller) =>
        refreshTokens.RotateAsync(caller.Client, caller.Parameters["refresh_token"]!, caller.Parameters["scope"]);
}
