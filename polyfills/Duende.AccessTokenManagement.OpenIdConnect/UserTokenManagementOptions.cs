using Duende.IdentityModel.Client;

namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>Options for user tokens.</summary>
public sealed class UserTokenManagementOptions
{
    /// <summary>The provider's OpenID Connect scheme; null for the default challenge scheme.</summary>
    public Scheme? ChallengeScheme { get; set; }

    public ClientCredentialStyle ClientCredentialStyle { get; set; } = ClientCredentialStyle.AuthorizationHeader;
}
