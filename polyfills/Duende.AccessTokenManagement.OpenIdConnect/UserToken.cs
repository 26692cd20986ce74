namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>The tokens of one user's session.</summary>
public sealed record UserToken
{
    public required AccessToken AccessToken { get; init; }

    public required AccessTokenType? AccessTokenType { get; init; }

    /// <summary>
    /// The end of the access token; <see cref="DateTimeOffset.MaxValue"/> where the provider did not say.
    /// </summary>
    public required DateTimeOffset Expiration { get; init; }

    public required ClientId ClientId { get; init; }

    public Scope? Scope { get; init; }

    /// <summary>The rotated refresh token, or the one that was used where the provider does not rotate.</summary>
    public RefreshToken? RefreshToken { get; init; }

    public IdentityToken? IdentityToken { get; init; }
}
