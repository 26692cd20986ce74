namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>What one user's token request may ask beyond the options.</summary>
public sealed record UserTokenRequestParameters : TokenRequestParameters
{
    /// <summary>The OpenID Connect scheme whose provider is asked, instead of the default one.</summary>
    public Scheme? ChallengeScheme { get; set; }
}
