using System.Globalization;
using System.Text.Json;
using Duende.AccessTokenManagement.OpenIdConnect;
using Microsoft.AspNetCore.Authentication;

namespace Lightning.Sessions.WebSessions;

/// <summary>A session's tokens. No record, so that none is ever printed.</summary>
sealed class SessionTokens
{
    public required string AccessToken { get; init; }

    public string? RefreshToken { get; init; }

    /// <summary>Sent back as a hint to a foreign provider when signing out there.</summary>
    public string? IdToken { get; init; }

    public static SessionTokens Read(byte[] json) => JsonSerializer.Deserialize<SessionTokens>(json) ?? throw new JsonException("There are no tokens.");

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this);

    /// <summary>What the OpenID Connect handler left in the properties, and when the access token ends where the provider said so.</summary>
    public static (SessionTokens Tokens, DateTimeOffset? ExpiresAt)? Take(AuthenticationProperties properties)
    {
        if (properties.GetTokenValue("access_token") is not { } accessToken) return null;
        var tokens = new SessionTokens
        {
            AccessToken = accessToken,
            RefreshToken = properties.GetTokenValue("refresh_token"),
            IdToken = properties.GetTokenValue("id_token"),
        };
        DateTimeOffset? ends = DateTimeOffset.TryParse(properties.GetTokenValue("expires_at"), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var expiresAt)
            ? expiresAt.ToUniversalTime() : null;
        properties.StoreTokens([]);
        return (tokens, ends);
    }

    /// <summary>The tokens after a refresh; the ID token stays where no new one came.</summary>
    public SessionTokens After(UserToken refreshed) => new()
    {
        AccessToken = refreshed.AccessToken,
        RefreshToken = refreshed.RefreshToken?.ToString() ?? RefreshToken,
        IdToken = refreshed.IdentityToken?.ToString() ?? IdToken,
    };
}
