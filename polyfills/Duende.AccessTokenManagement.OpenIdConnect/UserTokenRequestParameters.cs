namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>Parameters of one token request that override the options.</summary>
public sealed record UserTokenRequestParameters : TokenRequestParameters
{
    /// <summary>The provider's OpenID Connect scheme; null for the one of the options.</summary>
    public Scheme? ChallengeScheme { get; set; }
}
