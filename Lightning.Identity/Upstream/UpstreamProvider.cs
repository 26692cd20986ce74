using Lightning.Identity.Web;
using Lightning.Sessions.RelyingParties;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Upstream;

/// <summary>An upstream provider, ready to be asked: its metadata and keys, fetched when first needed and kept fresh.</summary>
sealed class UpstreamProvider : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    const int LongestAnswer = 1024 * 1024;

    /// <summary>No <c>none</c>, and nothing symmetric: ASVS 5.0, 9.1.2.</summary>
    public static readonly string[] Algorithms =
        [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSsaPssSha256];

    /// <summary>The longest difference of clocks that is forgiven.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    public UpstreamProvider(string name, UpstreamOptions options)
    {
        Name = name.ToLowerInvariant();
        Options = options;
        BackChannel = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = LongestAnswer,
        };
        var metadata = new Uri($"{options.Authority.TrimEnd('/')}/.well-known/openid-configuration");
        Metadata = new ProviderMetadata(metadata, options.Authority, BackChannel);
    }

    /// <summary>What stands for it in addresses.</summary>
    public string Name { get; }

    public UpstreamOptions Options { get; }

    public string Authority => Options.Authority;

    public string Title => Options.Title;

    public bool TrustsVerifiedEmail => Options.TrustsVerifiedEmail;

    public bool RequiresHttps => Authority.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    /// <summary>Its authentication scheme.</summary>
    public string Scheme => SchemeOf(Name);

    /// <summary>Its redirect URI's path: one of its own, so that no other provider's answer is taken for its (RFC 9700, 4.4.2).</summary>
    public string CallbackPath => $"{Paths.Upstream}/{Name}";

    public HttpClient BackChannel { get; }

    public ProviderMetadata Metadata { get; }

    public static string SchemeOf(string name) => $"upstream-{name.ToLowerInvariant()}";

    public void Dispose() => BackChannel.Dispose();
}

/// <summary>The upstream providers that configuration names.</summary>
sealed class UpstreamProviders(IOptions<ProviderOptions> options) : IDisposable
{
    readonly UpstreamProvider[] all = [.. options.Value.Upstream.Select(upstream => new UpstreamProvider(upstream.Key, upstream.Value)).OrderBy(provider => provider.Title, StringComparer.OrdinalIgnoreCase)];

    public IReadOnlyList<UpstreamProvider> All => all;

    /// <summary>The provider of this name, or null.</summary>
    public UpstreamProvider? Find(string? name) => Array.Find(all, provider => provider.Name == name);

    /// <summary>The provider that calls itself this, to the letter, or null.</summary>
    public UpstreamProvider? OfIssuer(string? issuer) => Array.Find(all, provider => provider.Authority == issuer);

    public void Dispose() => Array.ForEach(all, provider => provider.Dispose());
}
