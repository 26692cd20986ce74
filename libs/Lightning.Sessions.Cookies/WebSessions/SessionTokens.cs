using System.Globalization;
using System.Text.Json;
using Duende.AccessTokenManagement.OpenIdConnect;
using Microsoft.AspNetCore.Authentication;

namespace Lightning.Sessions.Cookies.WebSessions;

/// <summary>A session's tokens. Not a record, so that they are never logged by accident.</summary>
sealed class SessionTokens
{
    public required string AccessToken { get; init; }

    public string? RefreshToken { get; init; }

    /// <summary>The hint for sign-out at an external provider.</summary>
    public string? IdToken { get; init; }

    public static SessionTokens Read(byte[] json) =>
        JsonSerializer.Deserialize<SessionTokens>(json) ?? throw new JsonException("The tokens are null.");

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this);

    /// <summary>
    /// Removes the tokens from the properties. <c>ExpiresAt</c> is null if the provider did not say when the access
    /// token expires; the result is null if there is no access token.
    /// </summary>
    public static (SessionTokens Tokens, DateTimeOffset? ExpiresAt)? Take(AuthenticationProperties properties)
    {
        if (properties.GetTokenValue("access_token") is not { } accessToken)
            return null;
        var tokens = new SessionTokens
        {
            AccessToken = accessToken,
            RefreshToken = properties.GetTokenValue("refresh_token"),
            IdToken = properties.GetTokenValue("id_token"),
        };
        DateTimeOffset? ends = DateTimeOffset.TryParse(
            properties.GetTokenValue("expires_at"),
            CultureInfo.InvariantCulture,
            DateTimeStyles.RoundtripKind,
            out var expiresAt
        )
            ? expiresAt.ToUniversalTime()
            : null;
        properties.StoreTokens([]);
        return (tokens, ends);
    }

    /// <summary>The tokens after a refresh. A token that the response lacks is kept.</summary>
    public SessionTokens With(UserToken refreshed) =>
        new()
        {
            AccessToken = refreshed.AccessToken,
            RefreshToken = refreshed.RefreshToken?.ToString() ?? RefreshToken,
            IdToken = refreshed.IdentityToken?.ToString() ?? IdToken,
        };
}
