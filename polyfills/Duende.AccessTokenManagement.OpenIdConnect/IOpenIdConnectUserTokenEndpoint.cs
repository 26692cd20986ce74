namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>The provider's token and revocation endpoints, for one user's tokens.</summary>
public interface IOpenIdConnectUserTokenEndpoint
{
    /// <summary>
    /// Exchanges a refresh token for new tokens. Errors, network errors included, are a failed result; only
    /// cancellation throws.
    /// </summary>
    Task<TokenResult<UserToken>> RefreshAccessTokenAsync(
        UserRefreshToken userToken,
        UserTokenRequestParameters parameters,
        CancellationToken ct = default
    );

    /// <summary>Revokes a refresh token (RFC 7009). A refusal is logged.</summary>
    Task RevokeRefreshTokenAsync(
        UserRefreshToken userToken,
        UserTokenRequestParameters parameters,
        CancellationToken ct = default
    );
}
