namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

/// <summary>Whether the authorization request is pushed to the provider (RFC 9126) before the browser is sent there.</summary>
public enum PushedAuthorizationBehavior
{
    /// <summary>Pushed where the provider's metadata names an endpoint for it.</summary>
    UseIfAvailable,

    /// <summary>Never pushed; a provider that insists on it is an error.</summary>
    Disable,

    /// <summary>Always pushed; a provider that cannot is an error.</summary>
    Require,
}
