namespace Lightning.Identity.Clients;

/// <summary>What can be asked for.</summary>
static class Scopes
{
    /// <summary>An ID token (OpenID Connect Core 1.0, 3.1.2.1).</summary>
    public const string OpenId = "openid";

    /// <summary>The name (5.4).</summary>
    public const string Profile = "profile";

    /// <summary>The address, and whether it is proved (5.4).</summary>
    public const string Email = "email";

    /// <summary>A refresh token (11).</summary>
    public const string OfflineAccess = "offline_access";

    /// <summary>The product's API.</summary>
    public const string Lightning = "lightning";

    /// <summary>Those that a service may ask for itself: an API's.</summary>
    public static readonly string[] OfResources = [Lightning];

    public static readonly string[] All = [OpenId, Profile, Email, OfflineAccess, Lightning];
}

/// <summary>How tokens can be got.</summary>
static class GrantTypes
{
    public const string AuthorizationCode = "authorization_code";
    public const string RefreshToken = "refresh_token";

    public const string ClientCredentials = "client_credentials";

    public static readonly string[] All = [AuthorizationCode, RefreshToken, ClientCredentials];
}
