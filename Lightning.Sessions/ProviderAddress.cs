namespace Lightning.Sessions;

/// <summary>Where the OpenID provider is, for whoever relies on it.</summary>
static class ProviderAddress
{
    /// <summary>Why <see cref="IsSafe"/> is not.</summary>
    public const string Unsafe = "Oidc:Authority is plain http: use https; outside Production, http on a loopback host is allowed too.";

    /// <summary>How long a copy of the provider's keys is kept; a key that was revoked in an emergency is taken for so long, and no longer.</summary>
    public static readonly TimeSpan KeyRefresh = TimeSpan.FromMinutes(5);

    /// <summary>Plain http leaves the machine open to whoever is on the wire: loopback only, and never in Production.</summary>
    public static bool IsSafe(string authority, bool isProduction) =>
        !Uri.TryCreate(authority, UriKind.Absolute, out var uri) || uri.Scheme == Uri.UriSchemeHttps || (uri.IsLoopback && !isProduction);

    /// <summary>A client that talks to the provider and goes nowhere that a response sends it.</summary>
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

    /// <summary>Where the metadata stands: below the authority, unless services reach it elsewhere.</summary>
    public static Uri Metadata(string authority, string? metadataAddress) => new(metadataAddress ?? $"{authority.TrimEnd('/')}/.well-known/openid-configuration");
}
