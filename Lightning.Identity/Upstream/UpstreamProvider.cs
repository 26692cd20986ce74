using Lightning.Identity.Web;
using Lightning.Sessions.Providers;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>A configured upstream provider with its cached metadata and keys.</summary>
sealed class UpstreamProvider : IDisposable
{
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    const int MaxResponseSize = 1024 * 1024;

    /// <summary>No <c>none</c> and no symmetric algorithm (ASVS 5.0, 9.1.2).</summary>
    public static readonly string[] Algorithms =
    [
        SecurityAlgorithms.EcdsaSha256,
        SecurityAlgorithms.EcdsaSha384,
        SecurityAlgorithms.RsaSha256,
        SecurityAlgorithms.RsaSha384,
        SecurityAlgorithms.RsaSsaPssSha256,
    ];

    /// <summary>The tolerated clock difference.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    public UpstreamProvider(string name, UpstreamOptions options)
    {
        Name = name.ToLowerInvariant();
        Options = options;
        BackChannel = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            }
        )
        {
            Timeout = Timeout,
            MaxResponseContentBufferSize = MaxResponseSize,
        };
        var metadata = new Uri($"{options.Authority.TrimEnd('/')}/.well-known/openid-configuration");
        Metadata = new ProviderMetadata(metadata, options.Authority, BackChannel);
    }

    /// <summary>The name in URLs, in lower case.</summary>
    public string Name { get; }

    public UpstreamOptions Options { get; }

    public string Authority => Options.Authority;

    public string Title => Options.Title;

    public bool TrustsVerifiedEmail => Options.TrustsVerifiedEmail;

    public bool RequiresHttps => Authority.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    /// <summary>The name of its authentication scheme.</summary>
    public string Scheme => SchemeOf(Name);

    /// <summary>
    /// The path of its redirect URI. Each provider has its own, to prevent mix-up attacks (RFC 9700, 4.4.2).
    /// </summary>
    public string CallbackPath => $"{Paths.Upstream}/{Name}";

    public HttpClient BackChannel { get; }

    public ProviderMetadata Metadata { get; }

    public static string SchemeOf(string name) => $"upstream-{name.ToLowerInvariant()}";

    public void Dispose() => BackChannel.Dispose();
}

/// <summary>The configured upstream providers.</summary>
sealed class UpstreamProviders(IOptions<ProviderOptions> options) : IDisposable
{
    readonly UpstreamProvider[] all =
    [
        .. options
            .Value.Upstream.Select(upstream => new UpstreamProvider(upstream.Key, upstream.Value))
            .OrderBy(provider => provider.Title, StringComparer.OrdinalIgnoreCase),
    ];

    public IReadOnlyList<UpstreamProvider> All => all;

    /// <summary>The provider with this name, or null.</summary>
    public UpstreamProvider? Find(string? name) => Array.Find(all, provider => provider.Name == name);

    /// <summary>The provider with this issuer, compared exactly, or null.</summary>
    public UpstreamProvider? FindByIssuer(string? issuer) => Array.Find(all, provider => provider.Authority == issuer);

    public void Dispose() => Array.ForEach(all, provider => provider.Dispose());
}
