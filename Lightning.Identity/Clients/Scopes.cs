namespace Lightning.Identity.Clients;

/// <summary>The supported scopes.</summary>
static class Scopes
{
    /// <summary>Requests an ID token (OpenID Connect Core 1.0, 3.1.2.1).</summary>
    public const string OpenId = "openid";

    /// <summary>Requests the <c>name</c> claim (5.4).</summary>
    public const string Profile = "profile";

    /// <summary>Requests the <c>email</c> and <c>email_verified</c> claims (5.4).</summary>
    public const string Email = "email";

    /// <summary>Requests a refresh token (11).</summary>
    public const string OfflineAccess = "offline_access";

    /// <summary>Access to the Lightning API.</summary>
    public const string Lightning = "lightning";

    /// <summary>The API scopes, which do not need a user.</summary>
    public static readonly string[] OfResources = [Lightning];

    public static readonly string[] All = [OpenId, Profile, Email, OfflineAccess, Lightning];
}

/// <summary>The supported grant types.</summary>
static class GrantTypes
{
    public const string AuthorizationCode = "authorization_code";
    public const string RefreshToken = "refresh_token";

    public const string ClientCredentials = "client_credentials";

    /// <summary>RFC 8693, 2.1.</summary>
    public const string TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";

    public static readonly string[] All = [AuthorizationCode, RefreshToken, ClientCredentials, TokenExchange];
}
