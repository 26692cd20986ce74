namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>The tokens of one user's session.</summary>
public sealed record UserToken
{
    public required AccessToken AccessToken { get; init; }

    public required AccessTokenType? AccessTokenType { get; init; }

    /// <summary>
    /// When the access token expires; <see cref="DateTimeOffset.MaxValue"/> if the provider did not say.
    /// </summary>
    public required DateTimeOffset Expiration { get; init; }

    public required ClientId ClientId { get; init; }

    public Scope? Scope { get; init; }

    /// <summary>The new refresh token, or the used one if the provider does not rotate.</summary>
    public RefreshToken? RefreshToken { get; init; }

    public IdentityToken? IdentityToken { get; init; }
}
