using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Lightning.ServiceDefaults;

namespace Lightning.Identity.Clients;

/// <summary>A registered client.</summary>
sealed partial class Client
{
    readonly byte[]? secretHash;

    public Client(ClientOptions options)
    {
        Id = options.ClientId;
        Home = options.BaseUri;
        Start = options.InitiateLoginUri is { } login ? options.Absolute(login) : Home;
        Title = options.Title;
        RedirectUris = options.RedirectUris.Select(options.Absolute).ToHashSet(StringComparer.Ordinal);
        PostLogoutRedirectUris = options
            .PostLogoutRedirectUris.Select(options.Absolute)
            .ToHashSet(StringComparer.Ordinal);
        Origins = options.Origins.ToHashSet(StringComparer.Ordinal);
        Scopes = options.Scopes.ToHashSet(StringComparer.Ordinal);
        GrantTypes = options.GrantTypes.ToHashSet(StringComparer.Ordinal);
        IsResourceServer = options.IsResourceServer;
        AllowsImpersonation = options.TakesActing;
        if (options.BackChannelLogoutUri is { } logout)
            BackChannelLogoutUri = new Uri(options.Absolute(logout));
        if (!options.IsPublic)
            secretHash = Hash(options.Secret!);
    }

    public string Id { get; }

    /// <summary>The URL of its start page; null if it has none.</summary>
    public string? Home { get; }

    /// <summary>Where the user begins to sign in to it, or else its start page; null if it has neither.</summary>
    public string? Start { get; }

    /// <summary>The display name; null if it has none.</summary>
    public string? Title { get; }

    public IReadOnlySet<string> RedirectUris { get; }

    public IReadOnlySet<string> PostLogoutRedirectUris { get; }

    /// <summary>The origins that its scripts call from.</summary>
    public IReadOnlySet<string> Origins { get; }

    public IReadOnlySet<string> Scopes { get; }

    public IReadOnlySet<string> GrantTypes { get; }

    /// <summary>Whether it may introspect every access token.</summary>
    public bool IsResourceServer { get; }

    /// <summary>Whether administrators may impersonate users in it.</summary>
    public bool AllowsImpersonation { get; }

    /// <summary>Where logout tokens are sent; null if the client does not support back-channel logout.</summary>
    public Uri? BackChannelLogoutUri { get; }

    public bool IsPublic => secretHash is null;

    /// <summary>
    /// Whether a redirect URI is registered: exact string comparison (RFC 9700, 2.1), except for the port of a native
    /// app's loopback URI (RFC 8252, 7.3).
    /// </summary>
    public bool MayRedirectTo(string uri) =>
        RedirectUris.Contains(uri)
        || (
            IsPublic
            && LoopbackPort().Match(uri) is { Success: true } port
            && RedirectUris.Contains(uri.Remove(port.Index, port.Length))
        );

    /// <summary>
    /// Whether any app on the user's device could have sent a request with this redirect URI and receives the response:
    /// a native app's loopback or private-use URI. Such a client's identity is not assured, so the user is asked (RFC
    /// 8252, 8.6).
    /// </summary>
    public bool RequiresConsent(string redirectUri)
    {
        var uri = new Uri(redirectUri);
        return IsPublic && (uri.Scheme is not ("http" or "https") || WebOrigin.IsLoopbackLiteral(uri));
    }

    [GeneratedRegex(
        @"(?<=^http://(127\.0\.0\.1|\[::1\])):[1-9][0-9]{0,4}(?=/)",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex LoopbackPort();

    /// <summary>Compares the client secret in constant time.</summary>
    public bool HasSecret(string secret) =>
        secretHash is not null && CryptographicOperations.FixedTimeEquals(secretHash, Hash(secret));

    static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
