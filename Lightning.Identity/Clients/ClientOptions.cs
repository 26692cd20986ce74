namespace Lightning.Identity.Clients;

/// <summary>A client in the configuration section <c>Identity:Clients:NAME</c>.</summary>
sealed record ClientOptions
{
    /// <summary>The <c>client_id</c>.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>The display name. A client without a title is not listed on the provider's start page.</summary>
    public string? Title { get; init; }

    /// <summary>
    /// Whether it is a public client (RFC 6749, 2.1): a browser or native app that cannot keep a secret.
    /// </summary>
    public bool IsPublic { get; init; }

    /// <summary>The secret of a confidential client; at least 32 characters.</summary>
    public string? Secret { get; init; }

    /// <summary>The URL at which browsers reach the client. Relative URLs below are relative to it.</summary>
    public string? BaseUri { get; init; }

    /// <summary>
    /// The redirect URIs, compared exactly. <c>http://127.0.0.1/path</c> or <c>http://[::1]/path</c> without a port
    /// matches any port, for native apps (RFC 8252, 7.3).
    /// </summary>
    public string[] RedirectUris { get; init; } = [];

    /// <summary>Where the user may be redirected after signing out, compared exactly.</summary>
    public string[] PostLogoutRedirectUris { get; init; } = [];

    /// <summary>The origins whose scripts may call this provider; only for public clients.</summary>
    public string[] Origins { get; init; } = [];

    /// <summary>The scopes that it may request.</summary>
    public string[] Scopes { get; init; } = [];

    /// <summary>The grant types that it may use.</summary>
    public string[] GrantTypes { get; init; } = [];

    /// <summary>
    /// Whether it is an API that may introspect every access token (RFC 7662). Other confidential clients may
    /// introspect only their own tokens.
    /// </summary>
    public bool IsResourceServer { get; init; }

    /// <summary>
    /// Whether administrators may impersonate users in it. It must show the impersonation on every page, based on the
    /// <c>act</c> claim (RFC 8693, 4.1).
    /// </summary>
    public bool TakesActing { get; init; }

    /// <summary>
    /// Where the user can begin to sign in to it (OpenID Connect Core 1.0, 4), if its request has expired or the link
    /// of
    /// a mail was opened in another browser; null if it has no such URL.
    /// </summary>
    public string? InitiateLoginUri { get; init; }

    /// <summary>
    /// Where logout tokens are sent when a session ends in which the client has tokens (OpenID Connect Back-Channel
    /// Logout 1.0, 2.2).
    /// </summary>
    public string? BackChannelLogoutUri { get; init; }

    /// <summary>Resolves a URL against <see cref="BaseUri"/>.</summary>
    public string Absolute(string uri) => uri.StartsWith('/') ? BaseUri?.TrimEnd('/') + uri : uri;

    /// <summary>Without the secret, which a record would print.</summary>
    public override string ToString() => ClientId;
}
