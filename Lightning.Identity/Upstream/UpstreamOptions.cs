namespace Lightning.Identity.Upstream;

/// <summary>An OpenID provider that people may sign in with, as configuration describes it under <c>Identity:Upstream:NAME</c>.</summary>
sealed record UpstreamOptions
{
    /// <summary>Its issuer, to the letter: what stands in its metadata and its tokens.</summary>
    public string Authority { get; init; } = "";

    /// <summary>This service's client id there.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>This service's secret there; none where it is registered as a public client.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>What people know it as; it stands on the button.</summary>
    public string Title { get; init; } = "";

    /// <summary>What is asked for, space-separated.</summary>
    public string Scope { get; init; } = "openid profile email";

    /// <summary>
    /// The client ids of one's own apps there whose ID tokens may be exchanged for tokens of this service (RFC 8693). None by default: then there is no exchange.
    /// </summary>
    public string[] AcceptedAudiences { get; init; } = [];

    /// <summary>
    /// Whether its word that an address is verified (<c>email_verified</c>) is taken. Where it is not, newcomers prove their address by a mailed link,
    /// and a token exchange lets in only whom this service knows already.
    /// </summary>
    public bool TrustsVerifiedEmail { get; init; } = true;

    /// <summary>The title alone: a record would print its secret.</summary>
    public override string ToString() => Title;
}
