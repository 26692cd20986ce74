using Duende.IdentityModel.Client;

namespace Duende.AccessTokenManagement.OpenIdConnect;

/// <summary>Options of user tokens.</summary>
public sealed class UserTokenManagementOptions
{
    /// <summary>The OpenID Connect scheme whose provider is asked; the default challenge scheme unless set.</summary>
    public Scheme? ChallengeScheme { get; set; }


    public ClientCredentialStyle ClientCredentialStyle { get; set; } = ClientCredentialStyle.AuthorizationHeader;
}
