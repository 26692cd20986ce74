namespace Lightning.Identity.Upstream;

/// <summary>An upstream OpenID provider in the configuration section <c>Identity:Upstream:NAME</c>.</summary>
sealed record UpstreamOptions
{
    /// <summary>The provider's issuer, exactly as in its metadata and tokens.</summary>
    public string Authority { get; init; } = "";

    /// <summary>The client id of this service at the provider.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>The client secret of this service at the provider; null for a public client.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>The display name on the sign-in button.</summary>
    public string Title { get; init; } = "";

    /// <summary>The requested scopes, space-separated.</summary>
    public string Scope { get; init; } = "openid profile email";

    /// <summary>
    /// The client ids of your own apps at the provider whose ID tokens can be exchanged for tokens of this service (RFC
    /// 8693). Empty by default, which disables the exchange.
    /// </summary>
    public string[] AcceptedAudiences { get; init; } = [];

    /// <summary>
    /// Whether the provider's <c>email_verified</c> is trusted. If not, new users verify their address by mail, and a
    /// token exchange works for known users only.
    /// </summary>
    public bool TrustsVerifiedEmail { get; init; } = true;

    /// <summary>
    /// Whether the string <c>"true"</c> counts as <c>email_verified</c>, which is a boolean (OpenID Connect Core 1.0,
    /// 5.1). False by default: then only the boolean counts.
    /// </summary>
    public bool AcceptEmailVerifiedAsString { get; init; }

    /// <summary>Without the secret, which a record would print.</summary>
    public override string ToString() => Title;
}
