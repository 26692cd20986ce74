namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

/// <summary>Names and keys that the handler uses unless told otherwise.</summary>
public static class OpenIdConnectDefaults
{
    public const string AuthenticationScheme = "OpenIdConnect";

    public static readonly string DisplayName = "OpenIdConnect";
    public static readonly string CookieNoncePrefix = ".AspNetCore.OpenIdConnect.Nonce.";
    public static readonly string RedirectUriForCodePropertiesKey = "OpenIdConnect.Code.RedirectUri";
    public static readonly string UserstatePropertiesKey = "OpenIdConnect.Userstate";
}
