namespace Lightning.Sessions.Providers;

/// <summary>The address of the OpenID provider, and the client that connects to it.</summary>
static class ProviderAddress
{
    /// <summary>The error if <see cref="IsSafe"/> is false.</summary>
    public const string Unsafe =
        "Oidc:Authority is plain http: use https; outside Production, http on a loopback host is allowed too.";

    /// <summary>
    /// How long the provider's keys are cached, and so how long a revoked key is still accepted.
    /// </summary>
    public static readonly TimeSpan KeyRefresh = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Plain http is allowed on loopback only, and never in Production. An invalid address is reported elsewhere.
    /// </summary>
    public static bool IsSafe(string authority, bool isProduction) =>
        !Uri.TryCreate(authority, UriKind.Absolute, out var uri)
        || uri.Scheme == Uri.UriSchemeHttps
        || (uri.IsLoopback && !isProduction);

    /// <summary>A client that follows no redirects.</summary>
    public static HttpClient NewClient(DelegatingHandler? outer = null)
    {
        HttpMessageHandler handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        };
        if (outer is not null)
        {
            outer.InnerHandler = handler;
            handler = outer;
        }
        return new HttpClient(handler)
        {
            Timeout = TimeSpan.FromSeconds(15),
            MaxResponseContentBufferSize = 1024 * 1024,
        };
    }

    /// <summary>The address of the metadata: below the authority unless it is configured.</summary>
    public static Uri Metadata(string authority, string? metadataAddress) =>
        new(metadataAddress ?? $"{authority.TrimEnd('/')}/.well-known/openid-configuration");
}
