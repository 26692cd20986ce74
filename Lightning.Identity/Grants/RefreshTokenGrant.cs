using Lightning.Identity.Clients;
using Lightning.Identity.Protocol;
using Lightning.Identity.Tokens;

namespace Lightning.Identity.Grants;

/// <summary>A refresh token for the next ones: RFC 6749, 6; OpenID Connect Core 1.0, 12. What a refresh token must be stands in <see cref="RefreshTokens"/>.</summary>
sealed class RefreshTokenGrant(RefreshTokens refreshTokens) : ITokenGrant
{
    static readonly Check<Caller>[] All =
    [
        TokenIsThere,
    ];

    // RFC 6749, 6.
    static ProtocolError? TokenIsThere(Caller caller) => caller.Parameters["refresh_token"] is null ? ProtocolError.InvalidRequest("refresh_token is missing.") : null;

    public string Type => GrantTypes.RefreshToken;

    public Check<Caller>[] Checks => All;

    public Task<(Grant? Grant, ProtocolError? Fault)> GiveAsync(Caller caller) =>
        refreshTokens.RotateAsync(caller.Client, caller.Parameters["refresh_token"]!, caller.Parameters["scope"]);
}
