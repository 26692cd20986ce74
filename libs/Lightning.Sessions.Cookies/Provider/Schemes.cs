namespace Lightning.Sessions.Cookies.Provider;

/// <summary>The authentication schemes of a relying party.</summary>
public static class Schemes
{
    /// <summary>The session cookie.</summary>
    public const string Session = "session";

    /// <summary>The OpenID provider.</summary>
    public const string Provider = "provider";
}
