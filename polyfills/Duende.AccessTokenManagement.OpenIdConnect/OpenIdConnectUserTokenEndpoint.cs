using Duende.IdentityModel.Client;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Duende.AccessTokenManagement.OpenIdConnect;

sealed partial class OpenIdConnectUserTokenEndpoint(
    IOptions<UserTokenManagementOptions> options,
    IOptionsMonitor<OpenIdConnectOptions> schemes,
    IAuthenticationSchemeProvider schemeProvider,
    ILogger<OpenIdConnectUserTokenEndpoint> logger
) : IOpenIdConnectUserTokenEndpoint
{
    public async Task<TokenResult<UserToken>> RefreshAccessTokenAsync(
        UserRefreshToken userToken,
        UserTokenRequestParameters parameters,
        CancellationToken ct = default
    )
    {
        var (client, provider) = await ProviderAsync(parameters, ct);
        using var request = Prepare(
            new RefreshTokenRequest { RefreshToken = userToken.RefreshToken, Scope = parameters.Scope?.ToString() },
            client,
            provider.TokenEndpoint
        );
        if (parameters.Resource is { } resource)
            request.Resource.Add(resource);

        var response = await client.Backchannel.RequestRefreshTokenAsync(request, ct);
        ct.ThrowIfCancellationRequested();
        if (!response.IsError && response.AccessToken is { Length: > 0 } accessToken)
            return Read(response, accessToken, userToken.RefreshToken, ClientId.Parse(client.ClientId!));

        var error = response.Error ?? "The token endpoint's response has no access token";
        LogRefreshFailed(logger, error);
        return TokenResult.Failure(error, response.ErrorDescription);
    }

    public async Task RevokeRefreshTokenAsync(
        UserRefreshToken userToken,
        UserTokenRequestParameters parameters,
        CancellationToken ct = default
    )
    {
        var (client, provider) = await ProviderAsync(parameters, ct);
        if (string.IsNullOrEmpty(provider.RevocationEndpoint))
            throw new InvalidOperationException("The provider's metadata names no revocation endpoint.");

        using var request = Prepare(
            new TokenRevocationRequest { Token = userToken.RefreshToken, TokenTypeHint = "refresh_token" },
            client,
            provider.RevocationEndpoint
        );
        var response = await client.Backchannel.RevokeTokenAsync(request, ct);
        ct.ThrowIfCancellationRequested();
        if (response.IsError)
            LogRevocationFailed(logger, response.Error);
    }

    async Task<(OpenIdConnectOptions Client, OpenIdConnectConfiguration Provider)> ProviderAsync(
        UserTokenRequestParameters parameters,
        CancellationToken ct
    )
    {
        string name =
            parameters.ChallengeScheme
            ?? options.Value.ChallengeScheme
            ?? Scheme.Parse(
                (await schemeProvider.GetDefaultChallengeSchemeAsync())?.Name
                    ?? throw new InvalidOperationException(
                        "Set UserTokenManagementOptions.ChallengeScheme or the default challenge scheme."
                    )
            );
        var client = schemes.Get(name);
        try
        {
            return (client, await client.ConfigurationManager!.GetConfigurationAsync(ct));
        }
        catch (Exception ex) when (ex is not OperationCanceledException)
        {
            throw new InvalidOperationException($"The provider's metadata could not be read: {ex.Message}", ex);
        }
    }

    TRequest Prepare<TRequest>(TRequest request, OpenIdConnectOptions client, string endpoint)
        where TRequest : ProtocolRequest
    {
        request.Address = endpoint;
        request.ClientId = client.ClientId!;
        request.ClientSecret = client.ClientSecret;
        request.ClientCredentialStyle = options.Value.ClientCredentialStyle;
        return request;
    }

    static UserToken Read(TokenResponse response, string accessToken, RefreshToken used, ClientId client) =>
        new()
        {
            AccessToken = AccessToken.Parse(accessToken),
            AccessTokenType = AccessTokenType.ParseOrDefault(response.TokenType),
            Expiration =
                response.ExpiresIn == 0
                    ? DateTimeOffset.MaxValue
                    : DateTimeOffset.UtcNow.AddSeconds(response.ExpiresIn),
            RefreshToken = response.RefreshToken is { Length: > 0 } rotated ? RefreshToken.Parse(rotated) : used,
            Scope = Scope.ParseOrDefault(response.Scope),
            IdentityToken = IdentityToken.ParseOrDefault(response.IdentityToken),
            ClientId = client,
        };

    [LoggerMessage(1, LogLevel.Warning, "The access token could not be refreshed: {Error}")]
    static partial void LogRefreshFailed(ILogger logger, string error);

    [LoggerMessage(2, LogLevel.Warning, "The refresh token could not be revoked: {Error}")]
    static partial void LogRevocationFailed(ILogger logger, string? error);
}
