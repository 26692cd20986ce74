using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Lightning.Identity.Clients;

/// <summary>A registered client, ready to be asked.</summary>
sealed partial class Client
{
    readonly byte[]? secretHash;

    public Client(ClientOptions options)
    {
        Id = options.ClientId;
        (Home, Title) = (options.BaseUri, options.Title);
        RedirectUris = options.RedirectUris.Select(options.Absolute).ToHashSet(StringComparer.Ordinal);
        PostLogoutRedirectUris = options.PostLogoutRedirectUris.Select(options.Absolute).ToHashSet(StringComparer.Ordinal);
        Origins = options.Origins.ToHashSet(StringComparer.Ordinal);
        Scopes = options.Scopes.ToHashSet(StringComparer.Ordinal);
        GrantTypes = options.GrantTypes.ToHashSet(StringComparer.Ordinal);
        IsResourceServer = options.IsResourceServer;
        TakesActing = options.TakesActing;
        if (options.BackChannelLogoutUri is { } logout) BackChannelLogoutUri = new Uri(options.Absolute(logout));
        if (!options.IsPublic) secretHash = Hash(options.Secret!);
    }

    public string Id { get; }

    /// <summary>Its start page, where it has one.</summary>
    public string? Home { get; }

    /// <summary>What people know it as.</summary>
    public string? Title { get; }

    public IReadOnlySet<string> RedirectUris { get; }

    public IReadOnlySet<string> PostLogoutRedirectUris { get; }

    /// <summary>Where its scripts call from.</summary>
    public IReadOnlySet<string> Origins { get; }

    public IReadOnlySet<string> Scopes { get; }

    public IReadOnlySet<string> GrantTypes { get; }

    /// <summary>Whether it may ask about every access token.</summary>
    public bool IsResourceServer { get; }

    /// <summary>Whether administrators act as others in it.</summary>
    public bool TakesActing { get; }

    /// <summary>Where it is told of the end of sessions; null where it need not be.</summary>
    public Uri? BackChannelLogoutUri { get; }

    public bool IsPublic => secretHash is null;

    /// <summary>
    /// Whether codes may be sent there: compared character by character (RFC 9700, 2.1), but for the port of a native app's loopback address, which the
    /// system chooses when the app listens (RFC 8252, 7.3).
    /// </summary>
    public bool MayRedirectTo(string uri) =>
        RedirectUris.Contains(uri) || (IsPublic && LoopbackPort().Match(uri) is { Success: true } port && RedirectUris.Contains(uri.Remove(port.Index, port.Length)));

    [GeneratedRegex(@"(?<=^http://(127\.0\.0\.1|\[::1\])):[1-9][0-9]{0,4}(?=/)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LoopbackPort();

    /// <summary>Whether this is its secret; takes the same time for any.</summary>
    public bool Knows(string secret) => secretHash is not null && CryptographicOperations.FixedTimeEquals(secretHash, Hash(secret));

    static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
