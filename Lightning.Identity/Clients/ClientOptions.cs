namespace Lightning.Identity.Clients;

/// <summary>A client as configuration describes it, under <c>Identity:Clients:NAME</c>.</summary>
sealed record ClientOptions
{
    /// <summary>The id that it sends.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>What people know it as; one without a title is not offered on the page of somebody who came here by themself.</summary>
    public string? Title { get; init; }

    /// <summary>Whether it runs where no secret can be kept: in a browser or on a person's device.</summary>
    public bool IsPublic { get; init; }

    /// <summary>What a confidential client proves itself with; 32 characters at least.</summary>
    public string? Secret { get; init; }

    /// <summary>Where browsers reach it; what relative addresses below are relative to.</summary>
    public string? BaseUri { get; init; }

    /// <summary>
    /// Where codes may be sent, compared character by character. A native app's <c>http://127.0.0.1/path</c> or <c>http://[::1]/path</c>, written without a
    /// port, fits any port (RFC 8252, 7.3).
    /// </summary>
    public string[] RedirectUris { get; init; } = [];

    /// <summary>Where a person may be sent after signing out, compared character by character.</summary>
    public string[] PostLogoutRedirectUris { get; init; } = [];

    /// <summary>The origins from which its scripts call this provider; a public client's only.</summary>
    public string[] Origins { get; init; } = [];

    /// <summary>What it may ask for.</summary>
    public string[] Scopes { get; init; } = [];

    /// <summary>How it may get tokens.</summary>
    public string[] GrantTypes { get; init; } = [];

    /// <summary>Whether it is an API that may ask about every access token (RFC 7662); other confidential clients may ask about their own tokens only.</summary>
    public bool IsResourceServer { get; init; }

    /// <summary>Whether administrators may act as others in it: it must announce that on every page, by the claim <c>act</c> (RFC 8693, 4.1).</summary>
    public bool TakesActing { get; init; }

    /// <summary>Where this service posts a logout token when a session ends that the client was given tokens for (OpenID Connect Back-Channel Logout 1.0, 2.2).</summary>
    public string? BackChannelLogoutUri { get; init; }

    /// <summary>An address of those above in full.</summary>
    public string Absolute(string uri) => uri.StartsWith('/') ? BaseUri?.TrimEnd('/') + uri : uri;

    /// <summary>The id alone: a record would print its secret.</summary>
    public override string ToString() => ClientId;
}
