using Lightning.Identity.Web;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
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
        Metadata = new ConfigurationManager<OpenIdConnectConfiguration>(
            $"{options.Authority.TrimEnd('/')}/.well-known/openid-configuration", new OpenIdConnectConfigurationRetriever(),
            new HttpDocumentRetriever(BackChannel) { RequireHttps = RequiresHttps }, new SameIssuer(options.Authority));
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

    public ConfigurationManager<OpenIdConnectConfiguration> Metadata { get; }

    public static string SchemeOf(string name) => $"upstream-{name.ToLowerInvariant()}";

    public void Dispose() => BackChannel.Dispose();

    /// <summary>Whether it could not be reached, or does not say what a provider says: no fault of the person's.</summary>
    public static bool IsAway(Exception? fault)
    {
        for (; fault is not null; fault = fault.InnerException)
            if (fault is HttpRequestException or TimeoutException or TaskCanceledException
                || (fault is InvalidOperationException && fault.Message.StartsWith("IDX208", StringComparison.Ordinal))) return true;
        return false;
    }

    /// <summary>Metadata of another issuer is refused, be it one letter (OpenID Connect Discovery 1.0, 4.3).</summary>
    sealed class SameIssuer(string authority) : IConfigurationValidator<OpenIdConnectConfiguration>
    {
        public ConfigurationValidationResult Validate(OpenIdConnectConfiguration configuration) => new()
        {
            Succeeded = string.Equals(configuration.Issuer, authority, StringComparison.Ordinal),
            ErrorMessage = $"The metadata names the issuer '{configuration.Issuer}' and not '{authority}', as configuration says: they must be the same to the letter.",
        };
    }
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
