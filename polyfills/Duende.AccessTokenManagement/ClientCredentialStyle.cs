namespace Duende.IdentityModel.Client;

/// <summary>Where the client's id and secret travel. (Of Duende.IdentityModel, which the package brings along.)</summary>
public enum ClientCredentialStyle
{
    AuthorizationHeader,
    PostBody,
}
